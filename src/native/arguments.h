// What JavaScript hands over, checked.

#pragma once

#include <napi.h>

#include <string>

#include "work_watch.h"

namespace pyrometer {

// Arguments are checked although only our own code calls: a wrong type would be
// a wild read.
template <typename T>
Napi::TypedArrayOf<T> ArrayArgument(const Napi::CallbackInfo& info,
                                    size_t index, napi_typedarray_type type) {
  const Napi::Value value = info[index];
  if (!value.IsTypedArray() ||
      value.As<Napi::TypedArray>().TypedArrayType() != type) {
    throw Napi::TypeError::New(
        info.Env(), "argument " + std::to_string(index) + ": wrong array");
  }
  return value.As<Napi::TypedArrayOf<T>>();
}

// The words by which work is watched.
inline Napi::Int32Array ControlArgument(const Napi::CallbackInfo& info,
                                        size_t index) {
  const auto control = ArrayArgument<int32_t>(info, index, napi_int32_array);
  if (control.ElementLength() != WorkWatch::kControlWords) {
    throw Napi::TypeError::New(info.Env(), "argument " +
                                               std::to_string(index) +
                                               ": not two words");
  }
  return control;
}

inline size_t SizeArgument(const Napi::CallbackInfo& info, size_t index) {
  const Napi::Value value = info[index];
  const double size = value.IsNumber() ? value.As<Napi::Number>() : -1.0;
  if (!(size >= 0 && size <= 0xffffffff)) {
    throw Napi::TypeError::New(
        info.Env(), "argument " + std::to_string(index) + ": not a size");
  }
  return static_cast<size_t>(size);
}

inline double NumberArgument(const Napi::CallbackInfo& info, size_t index) {
  const Napi::Value value = info[index];
  if (!value.IsNumber()) {
    throw Napi::TypeError::New(
        info.Env(), "argument " + std::to_string(index) + ": not a number");
  }
  return value.As<Napi::Number>();
}

}  // namespace pyrometer
