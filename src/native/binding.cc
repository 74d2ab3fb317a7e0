// The addon's face to Node: arguments in, typed arrays out, work on a thread of
// the pool. The interface is `Addon` in engine/profiles/native-decoder.ts;
// kInterfaceVersion changes with it.

#include <napi.h>

#include <cstring>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "align.h"
#include "arguments.h"
#include "gunzip.h"
#include "layout.h"
#include "pprof.h"
#include "reference.h"
#include "rewrite.h"
#include "values.h"
#include "worker.h"

namespace pyrometer {
namespace {

constexpr int kInterfaceVersion = 9;

class DecodeWorker : public Worker {
 public:
  DecodeWorker(Napi::Env env, const Napi::Uint8Array& file, Limits limits)
      : Worker(env), file_(Keep(file)), limits_(limits) {}

 protected:
  void Work() override { columns_ = DecodePprof(file_, limits_, watch_); }

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
    out["sampleValues"] = Columns(env, std::move(c.sample_values));
    column("labelKey", c.labels.key);
    column("labelText", c.labels.text);
    column("labelNumber", c.labels.number);
    column("labelUnit", c.labels.unit);
    column("labelSetPrefix", c.labels.set_prefix);
    column("labelSetLabel", c.labels.set_label);
    column("labelledSample", c.labelled_sample);
    column("labelledSet", c.labelled_set);
    out["labelledValues"] = Columns(env, std::move(c.labelled_values));
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

// What of a graph follows from the shape of its tree alone.
void SetShape(Napi::Object& out, FlameColumns& columns) {
  const Napi::Env env = out.Env();
  out["order"] = Column(env, std::move(columns.order));
  out["depth"] = Column(env, std::move(columns.depth));
  out["parent"] = Column(env, std::move(columns.parent));
  out["functionIndex"] = Column(env, std::move(columns.function_index));
  out["levelStart"] = Column(env, std::move(columns.level_start));
}

// Where its frames stand, by the values of its tree.
void SetPlaces(Napi::Object& out, FlameColumns& columns) {
  const Napi::Env env = out.Env();
  out["x0"] = Column(env, std::move(columns.x0));
  out["x1"] = Column(env, std::move(columns.x1));
  out["self"] = Column(env, std::move(columns.self));
}

class LayoutWorker : public Worker {
 public:
  LayoutWorker(Napi::Env env, const Napi::Uint32Array& function_index,
               const Napi::Uint32Array& subtree_end,
               const Napi::Float64Array& total, const Napi::Float64Array& self,
               const LayoutPart& part)
      : Worker(env),
        tree_{Keep(function_index), Keep(subtree_end), Keep(total),
              Keep(self)},
        part_(part) {}

 protected:
  void Work() override {
    if (IsSoundTree(tree_)) {
      columns_ = Layout(tree_, part_, watch_);
    } else {
      problem_ = "unsound-tree";
    }
  }

  Napi::Object Answer(Napi::Env env) override {
    auto out = Napi::Object::New(env);
    SetShape(out, columns_);
    SetPlaces(out, columns_);
    return out;
  }

 private:
  LayoutInput tree_;
  LayoutPart part_;
  FlameColumns columns_;
};

class LayoutRowsWorker : public Worker {
 public:
  LayoutRowsWorker(Napi::Env env, const Napi::Uint32Array& node,
                   const Napi::Uint32Array& child_start,
                   const Napi::Uint32Array& parent,
                   const Napi::Uint32Array& depth,
                   const Napi::Uint32Array& function_index,
                   const Napi::Float64Array& total,
                   const Napi::Float64Array& self)
      : Worker(env),
        rows_{Keep(node), Keep(child_start), Keep(parent), Keep(depth),
              Keep(function_index)},
        values_{Keep(total), Keep(self)} {}

 protected:
  void Work() override {
    if (AreSoundRows(rows_, values_)) {
      columns_ = LayoutRows(rows_, values_, watch_);
    } else {
      problem_ = "unsound-tree";
    }
  }

  Napi::Object Answer(Napi::Env env) override {
    auto out = Napi::Object::New(env);
    SetPlaces(out, columns_);
    // Without an order the shape is that of the rows.
    if (!columns_.order.empty()) SetShape(out, columns_);
    return out;
  }

 private:
  FlameRows rows_;
  RowValues values_;
  FlameColumns columns_;
};

class RewriteWorker : public Worker {
 public:
  RewriteWorker(Napi::Env env, RewriteKind kind, double narrowest,
                uint32_t frame)
      : Worker(env) {
    input_.kind = kind;
    input_.narrowest = narrowest;
    input_.frame = frame;
  }

  RewriteInput& input() { return input_; }

 protected:
  void Work() override {
    if (IsSoundRewrite(input_)) {
      rewritten_ = Rewrite(input_, watch_);
    } else {
      problem_ = "unsound-tree";
    }
  }

  Napi::Object Answer(Napi::Env env) override {
    auto out = Napi::Object::New(env);
    SetNodes(out, rewritten_.nodes);
    out["map"] = Column(env, std::move(rewritten_.map));
    return out;
  }

 private:
  RewriteInput input_{};
  Rewritten rewritten_;
};

class AlignWorker : public Worker {
 public:
  AlignWorker(Napi::Env env, size_t function_count)
      : Worker(env), function_count_(function_count) {}

  AlignSide& comparison() { return comparison_; }
  AlignSide& baseline() { return baseline_; }

 protected:
  void Work() override {
    if (IsSoundSide(comparison_, function_count_) &&
        IsSoundSide(baseline_, function_count_)) {
      aligned_ = Align(comparison_, baseline_, function_count_);
    } else {
      problem_ = "unsound-tree";
    }
  }

  Napi::Object Answer(Napi::Env env) override {
    auto out = Napi::Object::New(env);
    SetNodes(out, aligned_);
    out["comparisonSelf"] = Column(env, std::move(aligned_.comparison_self));
    out["baselineSelf"] = Column(env, std::move(aligned_.baseline_self));
    return out;
  }

 private:
  size_t function_count_;
  AlignSide comparison_{};
  AlignSide baseline_{};
  AlignedColumns aligned_;
};

class ReferenceWorker : public Worker {
 public:
  ReferenceWorker(Napi::Env env, const Napi::Float64Array& baseline,
                  const Napi::Float64Array& comparison,
                  const Napi::Uint32Array& parent, double worth_before,
                  double worth_after)
      : Worker(env),
        input_{Keep(baseline), Keep(comparison), Keep(parent), worth_before,
               worth_after} {}

 protected:
  void Work() override {
    if (IsSoundReference(input_)) {
      found_ = RobustReference(input_);
    } else {
      problem_ = "unsound-tree";
    }
  }

  Napi::Object Answer(Napi::Env env) override {
    auto out = Napi::Object::New(env);
    if (found_) {
      out["factor"] = Napi::Number::New(env, found_->factor);
      out["error"] = Napi::Number::New(env, found_->error);
    }
    return out;
  }

 private:
  ReferenceInput input_;
  std::optional<Reference> found_;
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
    auto nodes = BuildCallNodes(stacks_, limit_, watch_);
    if (nodes) {
      nodes_ = std::move(*nodes);
    } else {
      problem_ = ProblemName(Problem::kTooManyCallPaths);
    }
  }

  Napi::Object Answer(Napi::Env env) override {
    auto out = Napi::Object::New(env);
    SetNodes(out, nodes_);
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

Napi::Value DecodePprofCall(const Napi::CallbackInfo& info) {
  const auto file = ArrayArgument<uint8_t>(info, 0, napi_uint8_array);
  const Limits limits{SizeArgument(info, 1), SizeArgument(info, 2)};
  const auto control = ControlArgument(info, 3);
  auto* worker = new DecodeWorker(info.Env(), file, limits);
  worker->WatchBy(control);
  return Start(worker);
}

Napi::Value LayoutCall(const Napi::CallbackInfo& info) {
  const auto function_index =
      ArrayArgument<uint32_t>(info, 0, napi_uint32_array);
  const auto subtree_end = ArrayArgument<uint32_t>(info, 1, napi_uint32_array);
  const auto total = ArrayArgument<double>(info, 2, napi_float64_array);
  const auto self = ArrayArgument<double>(info, 3, napi_float64_array);
  const LayoutPart part{NumberArgument(info, 4), NumberArgument(info, 5),
                        NumberArgument(info, 6), SizeArgument(info, 7)};
  const auto control = ControlArgument(info, 8);
  auto* worker = new LayoutWorker(info.Env(), function_index, subtree_end,
                                  total, self, part);
  worker->WatchBy(control);
  return Start(worker);
}

Napi::Value LayoutRowsCall(const Napi::CallbackInfo& info) {
  const auto node = ArrayArgument<uint32_t>(info, 0, napi_uint32_array);
  const auto child_start = ArrayArgument<uint32_t>(info, 1, napi_uint32_array);
  const auto parent = ArrayArgument<uint32_t>(info, 2, napi_uint32_array);
  const auto depth = ArrayArgument<uint32_t>(info, 3, napi_uint32_array);
  const auto function_index =
      ArrayArgument<uint32_t>(info, 4, napi_uint32_array);
  const auto total = ArrayArgument<double>(info, 5, napi_float64_array);
  const auto self = ArrayArgument<double>(info, 6, napi_float64_array);
  const auto control = ControlArgument(info, 7);
  auto* worker = new LayoutRowsWorker(info.Env(), node, child_start, parent,
                                      depth, function_index, total, self);
  worker->WatchBy(control);
  return Start(worker);
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
  const auto control = ControlArgument(info, 10);
  auto* worker = new RewriteWorker(
      info.Env(), static_cast<RewriteKind>(kind), narrowest, frame);
  worker->WatchBy(control);
  RewriteInput& input = worker->input();
  input.nodes = {worker->Keep(function_index), worker->Keep(parent),
                 worker->Keep(subtree_end), worker->Keep(depth)};
  input.marks = worker->Keep(marks);
  input.of_frame = worker->Keep(of_frame);
  input.weight = worker->Keep(weight);
  return Start(worker);
}

Napi::Value AlignCall(const Napi::CallbackInfo& info) {
  // Read first: a worker that never starts would not be deleted.
  const size_t function_count = SizeArgument(info, 8);
  std::vector<Napi::TypedArrayOf<uint32_t>> columns;
  std::vector<Napi::TypedArrayOf<double>> values;
  for (const size_t side : {0, 4}) {
    for (const size_t column : {0, 1, 3}) {
      columns.push_back(ArrayArgument<uint32_t>(info, side + column,
                                                napi_uint32_array));
    }
    values.push_back(
        ArrayArgument<double>(info, side + 2, napi_float64_array));
  }
  auto* worker = new AlignWorker(info.Env(), function_count);
  const auto side = [&](size_t at) -> AlignSide {
    return {worker->Keep(columns[3 * at]), worker->Keep(columns[3 * at + 1]),
            worker->Keep(values[at]), worker->Keep(columns[3 * at + 2])};
  };
  worker->comparison() = side(0);
  worker->baseline() = side(1);
  return Start(worker);
}

Napi::Value ReferenceCall(const Napi::CallbackInfo& info) {
  const auto baseline = ArrayArgument<double>(info, 0, napi_float64_array);
  const auto comparison = ArrayArgument<double>(info, 1, napi_float64_array);
  const auto parent = ArrayArgument<uint32_t>(info, 2, napi_uint32_array);
  const double worth_before = NumberArgument(info, 3);
  const double worth_after = NumberArgument(info, 4);
  return Start(new ReferenceWorker(info.Env(), baseline, comparison, parent,
                                   worth_before, worth_after));
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
  const auto control = ControlArgument(info, 5);
  auto* worker = new CallNodesWorker(info.Env(), prefix, location, line_start,
                                     line_function, limit);
  worker->WatchBy(control);
  return Start(worker);
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
  exports["align"] = Napi::Function::New(env, AlignCall);
  exports["reference"] = Napi::Function::New(env, ReferenceCall);
  exports["layout"] = Napi::Function::New(env, LayoutCall);
  exports["layoutRows"] = Napi::Function::New(env, LayoutRowsCall);
#ifdef PYROMETER_LIBDEFLATE
  exports["gunzip"] = Napi::Function::New(env, GunzipCall);
#endif
  return exports;
}

NODE_API_MODULE(pyrometer, Init)

}  // namespace
}  // namespace pyrometer
