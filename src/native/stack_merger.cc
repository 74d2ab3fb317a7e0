#include "stack_merger.h"

#include <algorithm>

namespace pyrometer {

StackMerger::StackMerger(const PprofLayout& layout, const Limits& limits,
                         ProfileColumns& columns)
    : type_count_(layout.sample_types.size()),
      most_stacks_(limits.call_paths),
      out_(columns),
      // A sample stands for a stack of its own more often than not.
      stacks_(std::min(layout.samples.size(), limits.call_paths)) {
  const size_t expected =
      std::min(layout.samples.size(), limits.call_paths) + 1;
  out_.stack_prefix.reserve(expected);
  out_.stack_location.reserve(expected);
  sample_of_stack_.reserve(expected);
  out_.sample_stack.reserve(expected);
  out_.sample_values.resize(type_count_);
  for (auto& column : out_.sample_values) column.reserve(expected);
  out_.labelled_values.resize(type_count_);
  PushStack(0, 0);
}

// Each stack from its root.
void StackMerger::Add(const SampleBlock& block) {
  const uint32_t* frame = block.frames.data();
  const double* values = block.values.data();
  for (const auto& [shared_callers, frame_count, label_set] : block.heads) {
    last_stacks_.resize(shared_callers);
    uint32_t stack = last_stacks_.empty() ? 0 : last_stacks_.back();
    for (size_t at = frame_count; at-- > 0;) {
      stack = StackOf(stack, frame[at]);
      last_stacks_.push_back(stack);
    }
    AddSample(stack, label_set, {values, type_count_});
    frame += frame_count;
    values += type_count_;
  }
}

StackBlock StackMerger::TakeNewStacks() {
  const auto from = static_cast<ptrdiff_t>(taken_stacks_);
  taken_stacks_ = out_.stack_prefix.size();
  return {{out_.stack_prefix.begin() + from, out_.stack_prefix.end()},
          {out_.stack_location.begin() + from, out_.stack_location.end()}};
}

uint32_t StackMerger::StackOf(uint32_t prefix, uint32_t location) {
  const uint32_t known = stacks_.Find(prefix, location);
  if (known != kNone) return known;
  if (out_.stack_prefix.size() >= most_stacks_) throw TooManyCallPaths{};
  PushStack(prefix, location);
  return stacks_.Add(prefix, location);
}

void StackMerger::AddSample(uint32_t stack, uint32_t label_set,
                            std::span<const double> values) {
  ++out_.file_sample_count;
  uint32_t sample = sample_of_stack_[stack];
  if (sample == kNone) {
    sample = static_cast<uint32_t>(out_.sample_stack.size());
    sample_of_stack_[stack] = sample;
    out_.sample_stack.push_back(stack);
    for (auto& column : out_.sample_values) column.push_back(0);
  }
  for (size_t type = 0; type < values.size(); ++type) {
    out_.sample_values[type][sample] += values[type];
  }
  if (label_set == 0) return;
  uint32_t row = row_of_sample_and_set_.Find(sample, label_set);
  if (row == kNone) {
    row = static_cast<uint32_t>(out_.labelled_sample.size());
    row_of_sample_and_set_.Insert(sample, label_set, row);
    out_.labelled_sample.push_back(sample);
    out_.labelled_set.push_back(label_set);
    for (auto& column : out_.labelled_values) column.push_back(0);
  }
  for (size_t type = 0; type < values.size(); ++type) {
    out_.labelled_values[type][row] += values[type];
  }
}

void StackMerger::PushStack(uint32_t prefix, uint32_t location) {
  out_.stack_prefix.push_back(prefix);
  out_.stack_location.push_back(location);
  sample_of_stack_.push_back(kNone);
}

}  // namespace pyrometer
