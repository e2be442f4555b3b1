// SPDX-License-Identifier: GPL-2.0-only
// The gate's maps of maps: images of policies, rings of events, and tables of what was seen, each under a number.
#include <bpf/bpf.h>
#include <linux/bpf.h>

#include <cerrno>

#include "abi/abi.h"
#include "arguments.h"
#include "error.h"
#include "gate.h"

namespace {

constexpr uint32_t kImageSizes[CG_IMAGE_CLASS_COUNT] = {sizeof(cg_image0), sizeof(cg_image1), sizeof(cg_image2),
                                                        sizeof(cg_image3)};
constexpr uint32_t kLastClass = CG_IMAGE_CLASS_COUNT - 1;

std::string ImagesOf(uint32_t image_class) { return "images" + std::to_string(image_class); }

// Is the inner map one whose keys and values have these lengths? 0, or an errno.
int Check(int map, uint32_t key, uint32_t value, uint32_t* entries) {
  bpf_map_info facts{};
  uint32_t length = sizeof(facts);
  if (bpf_obj_get_info_by_fd(map, &facts, &length) != 0) return errno;
  *entries = facts.max_entries;
  return facts.key_size == key && facts.value_size == value ? 0 : EPROTO;
}

}  // namespace

int Gate::Outer(Napi::Env env, const std::string& name) const {
  bpf_map_info facts{};
  const int map = Described(env, name, &facts);
  if (map < 0 || facts.type == BPF_MAP_TYPE_ARRAY_OF_MAPS) return map;
  ThrowErrno(env, EINVAL, "map " + name + " is no map of maps by number");
  return -1;
}

int Gate::Inner(int outer, uint32_t index) const {
  uint32_t id = 0;
  if (bpf_map_lookup_elem(outer, &index, &id) != 0) return -1;
  return bpf_map_get_fd_by_id(id);
}

Napi::Value Gate::PutInner(Napi::Env env, int outer, uint32_t index, int inner) {
  if (bpf_map_update_elem(outer, &index, &inner, 0) != 0) return ThrowErrno(env, errno, "put a map in its place");
  return env.Undefined();
}

Napi::Value Gate::RemoveInner(Napi::Env env, const std::string& name, uint32_t index) {
  const int outer = Outer(env, name);
  if (outer < 0) return env.Undefined();
  if (bpf_map_delete_elem(outer, &index) != 0 && errno != ENOENT) return ThrowErrno(env, errno, "removal from " + name);
  return env.Undefined();
}

Napi::Value Gate::PutImage(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  Arguments arguments(info, "putImage(class, index, bytes)");
  const uint32_t image_class = arguments.Number(0, 0, kLastClass), index = arguments.Number(1), zero = 0;
  const Bytes bytes = arguments.Memory(2);
  if (arguments.Wrong()) return env.Undefined();
  if (bytes.size != kImageSizes[image_class]) return ThrowErrno(env, EINVAL, "putImage: length of the image");
  const int outer = Outer(env, ImagesOf(image_class));
  if (outer < 0) return env.Undefined();
  LIBBPF_OPTS(bpf_map_create_opts, options);
  Fd image(bpf_map_create(BPF_MAP_TYPE_ARRAY, "cg_image", 4, kImageSizes[image_class], 1, &options));
  if (!image) return ThrowErrno(env, errno, "create an image");
  if (bpf_map_update_elem(image.get(), &zero, bytes.data, 0) != 0) return ThrowErrno(env, errno, "fill an image");
  return PutInner(env, outer, index, image.get());
}

Napi::Value Gate::RemoveImage(const Napi::CallbackInfo& info) {
  Arguments arguments(info, "removeImage(class, index)");
  const uint32_t image_class = arguments.Number(0, 0, kLastClass), index = arguments.Number(1);
  if (arguments.Wrong()) return info.Env().Undefined();
  return RemoveInner(info.Env(), ImagesOf(image_class), index);
}

Napi::Value Gate::GetImage(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  Arguments arguments(info, "getImage(class, index)");
  const uint32_t image_class = arguments.Number(0, 0, kLastClass), index = arguments.Number(1), zero = 0;
  if (arguments.Wrong()) return env.Undefined();
  const int outer = Outer(env, ImagesOf(image_class));
  if (outer < 0) return env.Undefined();
  Fd image(Inner(outer, index));
  if (!image) return errno == ENOENT ? env.Null() : ThrowErrno(env, errno, "getImage");
  uint32_t entries = 0;
  if (int failed = Check(image.get(), 4, kImageSizes[image_class], &entries)) return ThrowErrno(env, failed, "getImage");
  Napi::Buffer<uint8_t> bytes = Napi::Buffer<uint8_t>::New(env, kImageSizes[image_class]);
  if (env.IsExceptionPending()) return env.Undefined();
  if (bpf_map_lookup_elem(image.get(), &zero, bytes.Data()) != 0) return ThrowErrno(env, errno, "getImage");
  return bytes;
}

Napi::Value Gate::PutRing(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  Arguments arguments(info, "putRing(index, bytes)");
  const uint32_t index = arguments.Number(0), bytes = arguments.Number(1, 1);
  if (arguments.Wrong()) return env.Undefined();
  const int outer = Outer(env, "rings");
  if (outer < 0) return env.Undefined();
  LIBBPF_OPTS(bpf_map_create_opts, options);
  Fd ring(bpf_map_create(BPF_MAP_TYPE_RINGBUF, "cg_ring", 0, 0, bytes, &options));
  if (!ring) return ThrowErrno(env, errno, "create a ring buffer");
  return PutInner(env, outer, index, ring.get());
}

Napi::Value Gate::RemoveRing(const Napi::CallbackInfo& info) {
  Arguments arguments(info, "removeRing(index)");
  const uint32_t index = arguments.Number(0);
  if (arguments.Wrong()) return info.Env().Undefined();
  return RemoveInner(info.Env(), "rings", index);
}

Napi::Value Gate::PutSeen(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  Arguments arguments(info, "putSeen(index, entries)");
  const uint32_t index = arguments.Number(0), entries = arguments.Number(1, 1);
  if (arguments.Wrong()) return env.Undefined();
  const int outer = Outer(env, "seen");
  if (outer < 0) return env.Undefined();
  LIBBPF_OPTS(bpf_map_create_opts, options);
  options.map_flags = BPF_F_NO_PREALLOC;
  Fd table(bpf_map_create(BPF_MAP_TYPE_HASH, "cg_seen", sizeof(cg_seen_key), sizeof(cg_seen), entries, &options));
  if (!table) return ThrowErrno(env, errno, "create a table of what was seen");
  return PutInner(env, outer, index, table.get());
}

Napi::Value Gate::RemoveSeen(const Napi::CallbackInfo& info) {
  Arguments arguments(info, "removeSeen(index)");
  const uint32_t index = arguments.Number(0);
  if (arguments.Wrong()) return info.Env().Undefined();
  return RemoveInner(info.Env(), "seen", index);
}

Napi::Value Gate::ReadSeen(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  Arguments arguments(info, "readSeen(index)");
  const uint32_t index = arguments.Number(0);
  if (arguments.Wrong()) return env.Undefined();
  const int outer = Outer(env, "seen");
  if (outer < 0) return env.Undefined();
  Napi::Array entries = Napi::Array::New(env);
  Fd table(Inner(outer, index));
  if (!table) return errno == ENOENT ? entries : ThrowErrno(env, errno, "readSeen");
  uint32_t most = 0, count = 0;
  if (int failed = Check(table.get(), sizeof(cg_seen_key), sizeof(cg_seen), &most)) return ThrowErrno(env, failed, "readSeen");
  cg_seen_key key{}, next{};
  cg_seen value{};
  // Nothing deletes from it but its removal as a whole: a pass that is longer than the table has begun anew.
  for (uint64_t pass = 0; pass <= 2ULL * most; pass++) {
    if (bpf_map_get_next_key(table.get(), pass == 0 ? nullptr : &key, &next) != 0) {
      if (errno == ENOENT) return entries;
      return ThrowErrno(env, errno, "readSeen");
    }
    key = next;
    if (bpf_map_lookup_elem(table.get(), &key, &value) != 0) continue;
    Napi::HandleScope scope(env);
    Napi::Object entry = Napi::Object::New(env);
    entry.Set("key", Napi::Buffer<uint8_t>::Copy(env, reinterpret_cast<uint8_t*>(&key), sizeof(key)));
    entry.Set("value", Napi::Buffer<uint8_t>::Copy(env, reinterpret_cast<uint8_t*>(&value), sizeof(value)));
    entries.Set(count++, entry);
    if (env.IsExceptionPending()) return env.Undefined();
  }
  return ThrowErrno(env, EAGAIN, "readSeen: it changes as it is read");
}
