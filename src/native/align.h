#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "depth_first.h"

namespace pyrometer {

// One side of a comparison: its tree in depth-first order, its own values, and
// by its functions their numbers in the merged tree. Siblings may become one by
// them.
struct AlignSide {
  std::span<const uint32_t> function_index;
  std::span<const uint32_t> subtree_end;
  std::span<const double> self;
  std::span<const uint32_t> to_merged;
};

// Every node that either side has, in depth-first order, with the values of
// both; the reference is alignTrees of core/compare/align-trees.ts.
struct AlignedColumns : NodeColumns {
  std::vector<double> comparison_self;
  std::vector<double> baseline_self;
};

// Whether a side is a tree, and all of its functions have a number below
// `function_count`.
bool IsSoundSide(const AlignSide& side, size_t function_count);

// Walks both trees at once from the root; both must be sound.
AlignedColumns Align(const AlignSide& comparison, const AlignSide& baseline,
                     size_t function_count);

}  // namespace pyrometer
