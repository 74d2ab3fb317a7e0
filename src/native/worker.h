// Work on a thread of Node's pool that answers a promise, and what answers are
// made of.

#pragma once

#include <napi.h>

#include <cstring>
#include <new>
#include <span>
#include <stdexcept>
#include <utility>
#include <vector>

#include "depth_first.h"
#include "wire.h"
#include "work_watch.h"

namespace pyrometer {

constexpr const char* kOutOfMemory = "out-of-memory";

// A typed array in memory of the runtime, which is where Electron wants all
// memory that JavaScript sees. The vector is freed, so that both do not stay.
template <typename T>
Napi::Value Column(Napi::Env env, std::vector<T> values) {
  auto buffer = Napi::ArrayBuffer::New(env, values.size() * sizeof(T));
  if (!values.empty()) {
    std::memcpy(buffer.Data(), values.data(), values.size() * sizeof(T));
  }
  return Napi::TypedArrayOf<T>::New(env, values.size(), buffer, 0);
}

inline Napi::Value Columns(Napi::Env env, std::vector<std::vector<double>> columns) {
  auto all = Napi::Array::New(env, columns.size());
  for (size_t type = 0; type < columns.size(); ++type) {
    all[static_cast<uint32_t>(type)] = Column(env, std::move(columns[type]));
  }
  return all;
}

// Gives away the columns of a tree of calls, in depth-first order.
inline void SetNodes(Napi::Object out, NodeColumns& nodes) {
  const Napi::Env env = out.Env();
  out["functionIndex"] = Column(env, std::move(nodes.function_index));
  out["parent"] = Column(env, std::move(nodes.parent));
  out["subtreeEnd"] = Column(env, std::move(nodes.subtree_end));
  out["depth"] = Column(env, std::move(nodes.depth));
}

inline Napi::Object ProblemObject(Napi::Env env, const char* problem,
                                  size_t offset = 0) {
  auto object = Napi::Object::New(env);
  object["problem"] = Napi::String::New(env, problem);
  object["offset"] = Napi::Number::New(env, static_cast<double>(offset));
  return object;
}

// Work off the main thread that answers a promise. `inputs` are kept alive, and
// must not be changed, until then. Work() touches no JavaScript; what it throws
// becomes a code.
class Worker : public Napi::AsyncWorker {
 public:
  explicit Worker(Napi::Env env)
      : AsyncWorker(env), deferred_(Napi::Promise::Deferred::New(env)) {}

  Napi::Promise Promise() const { return deferred_.Promise(); }

  template <typename T>
  std::span<const T> Keep(const Napi::TypedArrayOf<T>& array) {
    inputs_.push_back(Napi::Persistent(array.template As<Napi::Object>()));
    return {array.Data(), array.ElementLength()};
  }

  // Takes the words by which JavaScript watches this work.
  void WatchBy(Napi::Int32Array control) {
    Keep(control);
    watch_ = WorkWatch(control.Data());
  }

 protected:
  virtual void Work() = 0;
  virtual Napi::Object Answer(Napi::Env env) = 0;

  void Execute() override {
    try {
      Work();
    } catch (const ReadError& error) {
      problem_ = ProblemName(error.problem);
      offset_ = error.offset;
    } catch (const Cancelled&) {
      problem_ = "cancelled";
    } catch (const std::bad_alloc&) {
      problem_ = kOutOfMemory;
    } catch (const std::length_error&) {
      problem_ = kOutOfMemory;
    }
  }

  void OnOK() override {
    const Napi::Env env = Env();
    if (problem_ != nullptr) {
      deferred_.Resolve(ProblemObject(env, problem_, offset_));
      return;
    }
    try {
      deferred_.Resolve(Answer(env));
    } catch (const Napi::Error&) {
      // The runtime has no room for an ArrayBuffer.
      deferred_.Resolve(ProblemObject(env, kOutOfMemory));
    } catch (const std::bad_alloc&) {
      deferred_.Resolve(ProblemObject(env, kOutOfMemory));
    }
  }

  void OnError(const Napi::Error& error) override {
    deferred_.Reject(error.Value());
  }

  const char* problem_ = nullptr;
  WorkWatch watch_;

 private:
  Napi::Promise::Deferred deferred_;
  std::vector<Napi::ObjectReference> inputs_;
  size_t offset_ = 0;
};

inline Napi::Value Start(Worker* worker) {
  const Napi::Promise promise = worker->Promise();
  worker->Queue();  // deletes itself when it has answered
  return promise;
}

}  // namespace pyrometer
