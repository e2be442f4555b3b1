// SPDX-License-Identifier: GPL-2.0-only
// Reading and writing the gate's maps. A length that comes from JavaScript is compared with the map's own before the
// kernel is asked.
#include <bpf/bpf.h>
#include <linux/bpf.h>

#include <cerrno>
#include <vector>

#include "abi/abi.h"
#include "error.h"
#include "gate.h"

namespace {

// Sizes as the kernel knows them. False: a pending exception.
bool Describe(Napi::Env env, int map, bpf_map_info* facts) {
  uint32_t length = sizeof(*facts);
  if (bpf_obj_get_info_by_fd(map, facts, &length) == 0) return true;
  ThrowErrno(env, errno, "describe a map");
  return false;
}

bool IsBytes(const Napi::Value& value, uint32_t length) {
  return value.IsTypedArray() && value.As<Napi::TypedArray>().ByteLength() == length;
}

const uint8_t* Data(const Napi::Value& value) { return value.As<Napi::Uint8Array>().Data(); }

constexpr uint32_t kImageSizes[CG_IMAGE_CLASS_COUNT] = {sizeof(cg_image0), sizeof(cg_image1), sizeof(cg_image2),
                                                        sizeof(cg_image3)};

std::string ImagesOf(uint32_t image_class) { return "images" + std::to_string(image_class); }

}  // namespace

Napi::Value Gate::DescribeMap(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  int map = Map(env, info[0].ToString().Utf8Value());
  bpf_map_info facts{};
  if (map < 0 || !Describe(env, map, &facts)) return env.Undefined();
  Napi::Object result = Napi::Object::New(env);
  result.Set("keySize", Napi::Number::New(env, facts.key_size));
  result.Set("valueSize", Napi::Number::New(env, facts.value_size));
  result.Set("maxEntries", Napi::Number::New(env, facts.max_entries));
  result.Set("type", Napi::Number::New(env, facts.type));
  result.Set("id", Napi::Number::New(env, facts.id));
  return result;
}

Napi::Value Gate::Lookup(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  std::string name = info[0].ToString().Utf8Value();
  int map = Map(env, name);
  bpf_map_info facts{};
  if (map < 0 || !Describe(env, map, &facts)) return env.Undefined();
  if (!IsBytes(info[1], facts.key_size)) return ThrowErrno(env, EINVAL, "lookup in " + name + ": key length");
  std::vector<uint8_t> value(facts.value_size);
  if (bpf_map_lookup_elem(map, Data(info[1]), value.data()) == 0)
    return Napi::Buffer<uint8_t>::Copy(env, value.data(), value.size());
  if (errno == ENOENT) return env.Null();
  return ThrowErrno(env, errno, "lookup in " + name);
}

Napi::Value Gate::Update(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  std::string name = info[0].ToString().Utf8Value();
  int map = Map(env, name);
  bpf_map_info facts{};
  if (map < 0 || !Describe(env, map, &facts)) return env.Undefined();
  if (!IsBytes(info[1], facts.key_size)) return ThrowErrno(env, EINVAL, "update of " + name + ": key length");
  if (!IsBytes(info[2], facts.value_size)) return ThrowErrno(env, EINVAL, "update of " + name + ": value length");
  if (bpf_map_update_elem(map, Data(info[1]), Data(info[2]), BPF_ANY) != 0)
    return ThrowErrno(env, errno, "update of " + name);
  return env.Undefined();
}

Napi::Value Gate::Remove(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  std::string name = info[0].ToString().Utf8Value();
  int map = Map(env, name);
  bpf_map_info facts{};
  if (map < 0 || !Describe(env, map, &facts)) return env.Undefined();
  if (!IsBytes(info[1], facts.key_size)) return ThrowErrno(env, EINVAL, "removal from " + name + ": key length");
  if (bpf_map_delete_elem(map, Data(info[1])) == 0) return Napi::Boolean::New(env, true);
  if (errno == ENOENT) return Napi::Boolean::New(env, false);
  return ThrowErrno(env, errno, "removal from " + name);
}

Napi::Value Gate::Keys(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  std::string name = info[0].ToString().Utf8Value();
  int map = Map(env, name);
  bpf_map_info facts{};
  if (map < 0 || !Describe(env, map, &facts)) return env.Undefined();
  Napi::Array keys = Napi::Array::New(env);
  std::vector<uint8_t> key(facts.key_size), next(facts.key_size);
  // A map that changes meanwhile may start again; no map has more keys than it has room for, twice.
  for (uint32_t count = 0; count < 2 * facts.max_entries; count++) {
    if (bpf_map_get_next_key(map, count == 0 ? nullptr : key.data(), next.data()) != 0) {
      if (errno == ENOENT) return keys;
      return ThrowErrno(env, errno, "keys of " + name);
    }
    keys.Set(count, Napi::Buffer<uint8_t>::Copy(env, next.data(), next.size()));
    key.swap(next);
  }
  return keys;
}

int Gate::Inner(int outer, uint32_t index) const {
  uint32_t id = 0;
  if (bpf_map_lookup_elem(outer, &index, &id) != 0) return -1;
  return bpf_map_get_fd_by_id(id);
}

Napi::Value Gate::PutImage(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  if (info.Length() < 3 || !info[0].IsNumber() || !info[1].IsNumber())
    return ThrowErrno(env, EINVAL, "putImage(class, index, bytes)");
  uint32_t image_class = info[0].As<Napi::Number>().Uint32Value();
  uint32_t index = info[1].As<Napi::Number>().Uint32Value(), zero = 0;
  if (image_class >= CG_IMAGE_CLASS_COUNT) return ThrowErrno(env, EINVAL, "putImage: class");
  if (!IsBytes(info[2], kImageSizes[image_class])) return ThrowErrno(env, EINVAL, "putImage: length of the image");
  int outer = Map(env, ImagesOf(image_class));
  if (outer < 0) return env.Undefined();
  LIBBPF_OPTS(bpf_map_create_opts, options);
  Fd inner(bpf_map_create(BPF_MAP_TYPE_ARRAY, "cg_image", 4, kImageSizes[image_class], 1, &options));
  if (!inner) return ThrowErrno(env, errno, "create an image");
  if (bpf_map_update_elem(inner.get(), &zero, Data(info[2]), 0) != 0) return ThrowErrno(env, errno, "fill an image");
  int fd = inner.get();
  if (bpf_map_update_elem(outer, &index, &fd, 0) != 0) return ThrowErrno(env, errno, "put an image in its place");
  return env.Undefined();
}

Napi::Value Gate::RemoveInner(const Napi::CallbackInfo& info, const std::string& name, uint32_t index) {
  Napi::Env env = info.Env();
  int outer = Map(env, name);
  if (outer < 0) return env.Undefined();
  if (bpf_map_delete_elem(outer, &index) != 0 && errno != ENOENT) return ThrowErrno(env, errno, "removal from " + name);
  return env.Undefined();
}

Napi::Value Gate::RemoveImage(const Napi::CallbackInfo& info) {
  if (info.Length() < 2 || !info[0].IsNumber() || !info[1].IsNumber())
    return ThrowErrno(info.Env(), EINVAL, "removeImage(class, index)");
  return RemoveInner(info, ImagesOf(info[0].As<Napi::Number>().Uint32Value()), info[1].As<Napi::Number>().Uint32Value());
}

Napi::Value Gate::GetImage(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  if (info.Length() < 2 || !info[0].IsNumber() || !info[1].IsNumber())
    return ThrowErrno(env, EINVAL, "getImage(class, index)");
  uint32_t image_class = info[0].As<Napi::Number>().Uint32Value(), zero = 0;
  if (image_class >= CG_IMAGE_CLASS_COUNT) return ThrowErrno(env, EINVAL, "getImage: class");
  int outer = Map(env, ImagesOf(image_class));
  if (outer < 0) return env.Undefined();
  Fd inner(Inner(outer, info[1].As<Napi::Number>().Uint32Value()));
  if (!inner) return errno == ENOENT ? env.Null() : ThrowErrno(env, errno, "getImage");
  Napi::Buffer<uint8_t> bytes = Napi::Buffer<uint8_t>::New(env, kImageSizes[image_class]);
  if (bpf_map_lookup_elem(inner.get(), &zero, bytes.Data()) != 0) return ThrowErrno(env, errno, "getImage");
  return bytes;
}

Napi::Value Gate::PutRing(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  if (info.Length() < 2 || !info[0].IsNumber() || !info[1].IsNumber()) return ThrowErrno(env, EINVAL, "putRing(index, bytes)");
  uint32_t index = info[0].As<Napi::Number>().Uint32Value();
  int outer = Map(env, "rings");
  if (outer < 0) return env.Undefined();
  LIBBPF_OPTS(bpf_map_create_opts, options);
  Fd ring(bpf_map_create(BPF_MAP_TYPE_RINGBUF, "cg_ring", 0, 0, info[1].As<Napi::Number>().Uint32Value(), &options));
  if (!ring) return ThrowErrno(env, errno, "create a ring buffer");
  int fd = ring.get();
  if (bpf_map_update_elem(outer, &index, &fd, 0) != 0) return ThrowErrno(env, errno, "put a ring buffer in its place");
  return env.Undefined();
}

Napi::Value Gate::RemoveRing(const Napi::CallbackInfo& info) {
  if (info.Length() < 1 || !info[0].IsNumber()) return ThrowErrno(info.Env(), EINVAL, "removeRing(index)");
  return RemoveInner(info, "rings", info[0].As<Napi::Number>().Uint32Value());
}

Napi::Value Gate::PutSeen(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  if (info.Length() < 2 || !info[0].IsNumber() || !info[1].IsNumber())
    return ThrowErrno(env, EINVAL, "putSeen(index, entries)");
  uint32_t index = info[0].As<Napi::Number>().Uint32Value();
  int outer = Map(env, "seen");
  if (outer < 0) return env.Undefined();
  LIBBPF_OPTS(bpf_map_create_opts, options);
  options.map_flags = BPF_F_NO_PREALLOC;
  Fd table(bpf_map_create(BPF_MAP_TYPE_HASH, "cg_seen", sizeof(cg_seen_key), sizeof(cg_seen),
                          info[1].As<Napi::Number>().Uint32Value(), &options));
  if (!table) return ThrowErrno(env, errno, "create a table of what was seen");
  int fd = table.get();
  if (bpf_map_update_elem(outer, &index, &fd, 0) != 0) return ThrowErrno(env, errno, "put a table in its place");
  return env.Undefined();
}

Napi::Value Gate::RemoveSeen(const Napi::CallbackInfo& info) {
  if (info.Length() < 1 || !info[0].IsNumber()) return ThrowErrno(info.Env(), EINVAL, "removeSeen(index)");
  return RemoveInner(info, "seen", info[0].As<Napi::Number>().Uint32Value());
}

Napi::Value Gate::ReadSeen(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  if (info.Length() < 1 || !info[0].IsNumber()) return ThrowErrno(env, EINVAL, "readSeen(index)");
  int outer = Map(env, "seen");
  if (outer < 0) return env.Undefined();
  Napi::Array entries = Napi::Array::New(env);
  Fd table(Inner(outer, info[0].As<Napi::Number>().Uint32Value()));
  if (!table) return errno == ENOENT ? entries : ThrowErrno(env, errno, "readSeen");
  cg_seen_key key{}, next{};
  cg_seen value{};
  uint32_t count = 0;
  bool first = true;
  while (bpf_map_get_next_key(table.get(), first ? nullptr : &key, &next) == 0) {
    first = false;
    key = next;
    // Gone meanwhile: nothing deletes from it but its removal as a whole.
    if (bpf_map_lookup_elem(table.get(), &key, &value) != 0) continue;
    Napi::Object entry = Napi::Object::New(env);
    entry.Set("key", Napi::Buffer<uint8_t>::Copy(env, reinterpret_cast<uint8_t*>(&key), sizeof(key)));
    entry.Set("value", Napi::Buffer<uint8_t>::Copy(env, reinterpret_cast<uint8_t*>(&value), sizeof(value)));
    entries.Set(count++, entry);
  }
  return entries;
}
