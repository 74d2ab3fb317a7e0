#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "pprof.h"
#include "sample_parser.h"
#include "tables.h"

namespace pyrometer {

// Stacks that samples made, in their order.
struct StackBlock {
  std::vector<uint32_t> prefix;
  std::vector<uint32_t> location;
};

// Makes stacks of samples and adds up what was measured of each, in the
// columns of stacks, samples and labelled samples, which nobody else touches
// meanwhile.
class StackMerger {
 public:
  // Makes stack 0.
  StackMerger(const PprofLayout& layout, const Limits& limits,
              ProfileColumns& columns);

  // Throws ReadError when there are too many stacks.
  void Add(const SampleBlock& block);

  // Copies of the stacks that were made since the last call.
  StackBlock TakeNewStacks();

 private:
  uint32_t StackOf(uint32_t prefix, uint32_t location);
  void AddSample(uint32_t stack, uint32_t label_set,
                 std::span<const double> values);
  void PushStack(uint32_t prefix, uint32_t location);

  size_t type_count_;
  size_t most_stacks_;
  ProfileColumns& out_;
  ChildLists stacks_;
  std::vector<uint32_t> sample_of_stack_;
  PairTable row_of_sample_and_set_;
  // Of the sample that was added before: its stacks, root first.
  std::vector<uint32_t> last_stacks_;
  size_t taken_stacks_ = 0;
};

}  // namespace pyrometer
