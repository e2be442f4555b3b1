// SPDX-License-Identifier: GPL-2.0-only
// Reading and writing the gate's maps. A length that comes from JavaScript is compared with the map's own before the
// kernel is asked.
#include <bpf/bpf.h>
#include <linux/bpf.h>

#include <cerrno>
#include <vector>

#include "arguments.h"
#include "error.h"
#include "gate.h"

namespace {

// The kernel writes one value for each processor of these, far past a value's length.
bool IsPerProcessor(uint32_t type) {
  return type == BPF_MAP_TYPE_PERCPU_HASH || type == BPF_MAP_TYPE_PERCPU_ARRAY || type == BPF_MAP_TYPE_LRU_PERCPU_HASH ||
         type == BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE;
}

}  // namespace

int Gate::Described(Napi::Env env, const std::string& name, bpf_map_info* facts) const {
  const int map = Map(env, name);
  if (map < 0) return -1;
  uint32_t length = sizeof(*facts);
  if (bpf_obj_get_info_by_fd(map, facts, &length) != 0) {
    ThrowErrno(env, errno, "describe map " + name);
    return -1;
  }
  if (!IsPerProcessor(facts->type)) return map;
  ThrowErrno(env, ENOTSUP, "map " + name + " has a value for each processor");
  return -1;
}

Napi::Value Gate::DescribeMap(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  Arguments arguments(info, "describeMap(map)");
  const std::string name = arguments.Text(0);
  if (arguments.Wrong()) return env.Undefined();
  bpf_map_info facts{};
  if (Described(env, name, &facts) < 0) return env.Undefined();
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
  Arguments arguments(info, "lookup(map, key)");
  const std::string name = arguments.Text(0);
  const Bytes key = arguments.Memory(1);
  if (arguments.Wrong()) return env.Undefined();
  bpf_map_info facts{};
  const int map = Described(env, name, &facts);
  if (map < 0) return env.Undefined();
  if (key.size != facts.key_size) return ThrowErrno(env, EINVAL, "lookup in " + name + ": key length");
  std::vector<uint8_t> value(facts.value_size);
  if (bpf_map_lookup_elem(map, key.data, value.data()) == 0)
    return Napi::Buffer<uint8_t>::Copy(env, value.data(), value.size());
  if (errno == ENOENT) return env.Null();
  return ThrowErrno(env, errno, "lookup in " + name);
}

Napi::Value Gate::Update(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  Arguments arguments(info, "update(map, key, value)");
  const std::string name = arguments.Text(0);
  const Bytes key = arguments.Memory(1);
  const Bytes value = arguments.Memory(2);
  if (arguments.Wrong()) return env.Undefined();
  bpf_map_info facts{};
  const int map = Described(env, name, &facts);
  if (map < 0) return env.Undefined();
  if (key.size != facts.key_size) return ThrowErrno(env, EINVAL, "update of " + name + ": key length");
  if (value.size != facts.value_size) return ThrowErrno(env, EINVAL, "update of " + name + ": value length");
  if (bpf_map_update_elem(map, key.data, value.data, BPF_ANY) != 0)
    return ThrowErrno(env, errno, "update of " + name);
  return env.Undefined();
}

Napi::Value Gate::Remove(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  Arguments arguments(info, "remove(map, key)");
  const std::string name = arguments.Text(0);
  const Bytes key = arguments.Memory(1);
  if (arguments.Wrong()) return env.Undefined();
  bpf_map_info facts{};
  const int map = Described(env, name, &facts);
  if (map < 0) return env.Undefined();
  if (key.size != facts.key_size) return ThrowErrno(env, EINVAL, "removal from " + name + ": key length");
  if (bpf_map_delete_elem(map, key.data) == 0) return Napi::Boolean::New(env, true);
  if (errno == ENOENT) return Napi::Boolean::New(env, false);
  return ThrowErrno(env, errno, "removal from " + name);
}

Napi::Value Gate::Keys(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  Arguments arguments(info, "keys(map)");
  const std::string name = arguments.Text(0);
  if (arguments.Wrong()) return env.Undefined();
  bpf_map_info facts{};
  const int map = Described(env, name, &facts);
  if (map < 0) return env.Undefined();
  Napi::Array keys = Napi::Array::New(env);
  std::vector<uint8_t> key(facts.key_size), next(facts.key_size);
  // A map that changes meanwhile may start again; no map has more keys than it has room for, twice.
  for (uint64_t count = 0; count <= 2ULL * facts.max_entries; count++) {
    if (bpf_map_get_next_key(map, count == 0 ? nullptr : key.data(), next.data()) != 0) {
      if (errno == ENOENT) return keys;
      return ThrowErrno(env, errno, "keys of " + name);
    }
    Napi::HandleScope scope(env);
    keys.Set(static_cast<uint32_t>(count), Napi::Buffer<uint8_t>::Copy(env, next.data(), next.size()));
    if (env.IsExceptionPending()) return env.Undefined();
    key.swap(next);
  }
  return ThrowErrno(env, EAGAIN, "keys of " + name + ": it changes as it is read");
}

