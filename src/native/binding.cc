// The addon's face to Node: arguments in, typed arrays out, work on a thread of
// the pool. The interface is `Addon` in engine/profiles/native-decoder.ts;
// kInterfaceVersion changes with it.

#include <napi.h>

#include <cstring>
#include <exception>
#include <new>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "gunzip.h"
#include "layout.h"
#include "pprof.h"
#include "rewrite.h"
#include "values.h"

namespace pyrometer {
namespace {

constexpr int kInterfaceVersion = 3;
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

Napi::Object ProblemObject(Napi::Env env, const char* problem,
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

 private:
  Napi::Promise::Deferred deferred_;
  std::vector<Napi::ObjectReference> inputs_;
  size_t offset_ = 0;
};

class DecodeWorker : public Worker {
 public:
  DecodeWorker(Napi::Env env, const Napi::Uint8Array& file, Limits limits)
      : Worker(env), file_(Keep(file)), limits_(limits) {}

 protected:
  void Work() override { columns_ = DecodePprof(file_, limits_); }

  Napi::Object Answer(Napi::Env env) override {
    ProfileColumns& c = columns_;
    auto out = Napi::Object::New(env);
    const auto column = [&](const char* name, auto& values) {
      out[name] = Column(env, std::move(values));
    };
    const auto number = [&](const char* name, double value) {
      out[name] = Napi::Number::New(env, value);
    };
    column("sampleTypes", c.sample_types);
    number("defaultValueIndex", c.default_value_index);
    number("timeNs", c.time_ns);
    number("durationNs", c.duration_ns);
    number("period", c.period);
    column("periodType", c.period_type);
    column("comments", c.comments);
    number("fileSampleCount", c.file_sample_count);
    std::vector<double> repairs(c.repairs.begin(), c.repairs.end());
    column("repairs", repairs);
    column("stringBlob", c.strings.blob());
    column("stringOffsets", c.strings.offsets());
    column("functionName", c.function_name);
    column("functionSystemName", c.function_system_name);
    column("functionFile", c.function_file);
    column("functionLibrary", c.function_library);
    column("functionStartLine", c.function_start_line);
    column("mappingStart", c.mapping_start);
    column("mappingLimit", c.mapping_limit);
    column("mappingOffset", c.mapping_offset);
    column("mappingFile", c.mapping_file);
    column("mappingBuildId", c.mapping_build_id);
    column("locationMapping", c.location_mapping);
    column("locationAddress", c.location_address);
    column("locationLineStart", c.location_line_start);
    column("lineFunction", c.line_function);
    column("lineNumber", c.line_number);
    column("stackPrefix", c.stack_prefix);
    column("stackLocation", c.stack_location);
    column("sampleStack", c.sample_stack);
    auto values = Napi::Array::New(env, c.sample_values.size());
    for (size_t type = 0; type < c.sample_values.size(); ++type) {
      values[static_cast<uint32_t>(type)] =
          Column(env, std::move(c.sample_values[type]));
    }
    out["sampleValues"] = values;
    column("nodeFunction", c.nodes.function_index);
    column("nodeParent", c.nodes.parent);
    column("nodeSubtreeEnd", c.nodes.subtree_end);
    column("nodeDepth", c.nodes.depth);
    column("nodeOfStack", c.nodes.node_of_stack);
    auto answer = Napi::Object::New(env);
    answer["profile"] = out;
    return answer;
  }

 private:
  std::span<const uint8_t> file_;
  Limits limits_;
  ProfileColumns columns_;
};

class LayoutWorker : public Worker {
 public:
  LayoutWorker(Napi::Env env, const Napi::Uint32Array& function_index,
               const Napi::Uint32Array& subtree_end,
               const Napi::Float64Array& total, const Napi::Float64Array& self)
      : Worker(env),
        tree_{Keep(function_index), Keep(subtree_end), Keep(total),
              Keep(self)} {}

 protected:
  void Work() override {
    if (IsSoundTree(tree_)) {
      columns_ = Layout(tree_);
    } else {
      problem_ = "unsound-tree";
    }
  }

  Napi::Object Answer(Napi::Env env) override {
    auto out = Napi::Object::New(env);
    out["order"] = Column(env, std::move(columns_.order));
    out["x0"] = Column(env, std::move(columns_.x0));
    out["x1"] = Column(env, std::move(columns_.x1));
    out["self"] = Column(env, std::move(columns_.self));
    out["depth"] = Column(env, std::move(columns_.depth));
    out["parent"] = Column(env, std::move(columns_.parent));
    out["functionIndex"] = Column(env, std::move(columns_.function_index));
    out["levelStart"] = Column(env, std::move(columns_.level_start));
    return out;
  }

 private:
  LayoutInput tree_;
  FlameColumns columns_;
};

class RewriteWorker : public Worker {
 public:
  RewriteWorker(Napi::Env env, const Napi::Int32Array& cancelled,
                RewriteKind kind, double narrowest, uint32_t frame)
      : Worker(env) {
    // Only read, but through an atomic, which wants it not to be const.
    if (!Keep(cancelled).empty()) {
      cancellation_ = Cancellation(cancelled.As<Napi::Int32Array>().Data());
    }
    input_.kind = kind;
    input_.narrowest = narrowest;
    input_.frame = frame;
  }

  RewriteInput& input() { return input_; }

 protected:
  void Work() override {
    if (IsSoundRewrite(input_)) {
      rewritten_ = Rewrite(input_, cancellation_);
    } else {
      problem_ = "unsound-tree";
    }
  }

  Napi::Object Answer(Napi::Env env) override {
    NodeColumns& nodes = rewritten_.nodes;
    auto out = Napi::Object::New(env);
    out["functionIndex"] = Column(env, std::move(nodes.function_index));
    out["parent"] = Column(env, std::move(nodes.parent));
    out["subtreeEnd"] = Column(env, std::move(nodes.subtree_end));
    out["depth"] = Column(env, std::move(nodes.depth));
    out["map"] = Column(env, std::move(rewritten_.map));
    return out;
  }

 private:
  RewriteInput input_{};
  Cancellation cancellation_;
  Rewritten rewritten_;
};

class ValuesWorker : public Worker {
 public:
  ValuesWorker(Napi::Env env, const Napi::Float64Array& values,
               const Napi::Uint32Array& to, const Napi::Uint32Array& via,
               const Napi::Uint32Array& parent)
      : Worker(env), input_{Keep(values), Keep(to), Keep(via), Keep(parent)} {}

 protected:
  void Work() override {
    if (IsSoundValues(input_)) {
      values_ = SumUp(input_);
    } else {
      problem_ = "unsound-tree";
    }
  }

  Napi::Object Answer(Napi::Env env) override {
    auto out = Napi::Object::New(env);
    out["self"] = Column(env, std::move(values_.self));
    out["total"] = Column(env, std::move(values_.total));
    return out;
  }

 private:
  ValueInput input_;
  NodeValues values_;
};

class CallNodesWorker : public Worker {
 public:
  CallNodesWorker(Napi::Env env, const Napi::Uint32Array& prefix,
                  const Napi::Uint32Array& location,
                  const Napi::Uint32Array& line_start,
                  const Napi::Uint32Array& line_function, size_t limit)
      : Worker(env),
        stacks_{Keep(prefix), Keep(location), Keep(line_start),
                Keep(line_function)},
        limit_(limit) {}

 protected:
  void Work() override {
    if (!IsSoundStacks(stacks_)) {
      problem_ = "unsound-tree";
      return;
    }
    auto nodes = BuildCallNodes(stacks_, limit_);
    if (nodes) {
      nodes_ = std::move(*nodes);
    } else {
      problem_ = ProblemName(Problem::kTooManyCallPaths);
    }
  }

  Napi::Object Answer(Napi::Env env) override {
    auto out = Napi::Object::New(env);
    out["functionIndex"] = Column(env, std::move(nodes_.function_index));
    out["parent"] = Column(env, std::move(nodes_.parent));
    out["subtreeEnd"] = Column(env, std::move(nodes_.subtree_end));
    out["depth"] = Column(env, std::move(nodes_.depth));
    out["nodeOfStack"] = Column(env, std::move(nodes_.node_of_stack));
    return out;
  }

 private:
  StackColumns stacks_;
  size_t limit_;
  CallNodes nodes_;
};

#ifdef PYROMETER_LIBDEFLATE
class GunzipWorker : public Worker {
 public:
  GunzipWorker(Napi::Env env, const Napi::Uint8Array& file, size_t cap)
      : Worker(env), file_(Keep(file)), cap_(cap) {}

 protected:
  void Work() override {
    unpacked_ = Gunzip(file_, cap_);
    if (unpacked_.problem == GunzipProblem::kDamaged) problem_ = "damaged";
    if (unpacked_.problem == GunzipProblem::kTooLarge) problem_ = "too-large";
  }

  Napi::Object Answer(Napi::Env env) override {
    auto buffer = Napi::ArrayBuffer::New(env, unpacked_.size);
    if (unpacked_.size > 0) {
      std::memcpy(buffer.Data(), unpacked_.bytes.get(), unpacked_.size);
    }
    auto out = Napi::Object::New(env);
    out["bytes"] = Napi::Uint8Array::New(env, unpacked_.size, buffer, 0);
    return out;
  }

 private:
  std::span<const uint8_t> file_;
  size_t cap_;
  Unpacked unpacked_;
};
#endif

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

size_t SizeArgument(const Napi::CallbackInfo& info, size_t index) {
  const Napi::Value value = info[index];
  const double size = value.IsNumber() ? value.As<Napi::Number>() : -1.0;
  if (!(size >= 0 && size <= 0xffffffff)) {
    throw Napi::TypeError::New(
        info.Env(), "argument " + std::to_string(index) + ": not a size");
  }
  return static_cast<size_t>(size);
}

Napi::Value Start(Worker* worker) {
  const Napi::Promise promise = worker->Promise();
  worker->Queue();  // deletes itself when it has answered
  return promise;
}

Napi::Value DecodePprofCall(const Napi::CallbackInfo& info) {
  const auto file = ArrayArgument<uint8_t>(info, 0, napi_uint8_array);
  const Limits limits{SizeArgument(info, 1), SizeArgument(info, 2)};
  return Start(new DecodeWorker(info.Env(), file, limits));
}

Napi::Value LayoutCall(const Napi::CallbackInfo& info) {
  const auto function_index =
      ArrayArgument<uint32_t>(info, 0, napi_uint32_array);
  const auto subtree_end = ArrayArgument<uint32_t>(info, 1, napi_uint32_array);
  const auto total = ArrayArgument<double>(info, 2, napi_float64_array);
  const auto self = ArrayArgument<double>(info, 3, napi_float64_array);
  return Start(
      new LayoutWorker(info.Env(), function_index, subtree_end, total, self));
}

double NumberArgument(const Napi::CallbackInfo& info, size_t index) {
  const Napi::Value value = info[index];
  if (!value.IsNumber()) {
    throw Napi::TypeError::New(
        info.Env(), "argument " + std::to_string(index) + ": not a number");
  }
  return value.As<Napi::Number>();
}

Napi::Value RewriteCall(const Napi::CallbackInfo& info) {
  const auto function_index =
      ArrayArgument<uint32_t>(info, 0, napi_uint32_array);
  const auto parent = ArrayArgument<uint32_t>(info, 1, napi_uint32_array);
  const auto subtree_end = ArrayArgument<uint32_t>(info, 2, napi_uint32_array);
  const auto depth = ArrayArgument<uint32_t>(info, 3, napi_uint32_array);
  const size_t kind = SizeArgument(info, 4);
  if (kind >= kRewriteKinds) {
    throw Napi::TypeError::New(info.Env(), "argument 4: not a kind");
  }
  const auto marks = ArrayArgument<uint8_t>(info, 5, napi_uint8_array);
  const auto of_frame = ArrayArgument<uint32_t>(info, 6, napi_uint32_array);
  const auto weight = ArrayArgument<double>(info, 7, napi_float64_array);
  const double narrowest = NumberArgument(info, 8);
  const auto frame = static_cast<uint32_t>(SizeArgument(info, 9));
  const auto cancelled = ArrayArgument<int32_t>(info, 10, napi_int32_array);
  auto* worker =
      new RewriteWorker(info.Env(), cancelled, static_cast<RewriteKind>(kind),
                        narrowest, frame);
  RewriteInput& input = worker->input();
  input.nodes = {worker->Keep(function_index), worker->Keep(parent),
                 worker->Keep(subtree_end), worker->Keep(depth)};
  input.marks = worker->Keep(marks);
  input.of_frame = worker->Keep(of_frame);
  input.weight = worker->Keep(weight);
  return Start(worker);
}

Napi::Value ValuesCall(const Napi::CallbackInfo& info) {
  const auto values = ArrayArgument<double>(info, 0, napi_float64_array);
  const auto to = ArrayArgument<uint32_t>(info, 1, napi_uint32_array);
  const auto via = ArrayArgument<uint32_t>(info, 2, napi_uint32_array);
  const auto parent = ArrayArgument<uint32_t>(info, 3, napi_uint32_array);
  return Start(new ValuesWorker(info.Env(), values, to, via, parent));
}

Napi::Value CallNodesCall(const Napi::CallbackInfo& info) {
  const auto prefix = ArrayArgument<uint32_t>(info, 0, napi_uint32_array);
  const auto location = ArrayArgument<uint32_t>(info, 1, napi_uint32_array);
  const auto line_start = ArrayArgument<uint32_t>(info, 2, napi_uint32_array);
  const auto line_function =
      ArrayArgument<uint32_t>(info, 3, napi_uint32_array);
  const size_t limit = SizeArgument(info, 4);
  return Start(new CallNodesWorker(info.Env(), prefix, location, line_start,
                                   line_function, limit));
}

#ifdef PYROMETER_LIBDEFLATE
Napi::Value GunzipCall(const Napi::CallbackInfo& info) {
  const auto file = ArrayArgument<uint8_t>(info, 0, napi_uint8_array);
  const size_t cap = SizeArgument(info, 1);
  return Start(new GunzipWorker(info.Env(), file, cap));
}
#endif

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports["version"] = Napi::Number::New(env, kInterfaceVersion);
  exports["decodePprof"] = Napi::Function::New(env, DecodePprofCall);
  exports["callNodes"] = Napi::Function::New(env, CallNodesCall);
  exports["values"] = Napi::Function::New(env, ValuesCall);
  exports["rewrite"] = Napi::Function::New(env, RewriteCall);
  exports["layout"] = Napi::Function::New(env, LayoutCall);
#ifdef PYROMETER_LIBDEFLATE
  exports["gunzip"] = Napi::Function::New(env, GunzipCall);
#endif
  return exports;
}

NODE_API_MODULE(pyrometer, Init)

}  // namespace
}  // namespace pyrometer
