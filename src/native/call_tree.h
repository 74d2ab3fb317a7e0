#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "depth_first.h"

namespace pyrometer {

// The contract is that of ProfileCallNodes in core/profile/call-tree.ts.
struct CallNodes : NodeColumns {
  std::vector<uint32_t> node_of_stack;
};

// What call nodes are made from: see Stacks and Locations in
// core/profile/profile.ts.
struct StackColumns {
  std::span<const uint32_t> prefix;
  std::span<const uint32_t> location;
  std::span<const uint32_t> line_start;
  std::span<const uint32_t> line_function;
};

// Whether every index lies inside its column, and prefixes stand before their
// stacks.
bool IsSoundStacks(const StackColumns& stacks);

// Merges stacks, which must be sound, into call nodes; nothing when there are more than `limit`.
std::optional<CallNodes> BuildCallNodes(const StackColumns& stacks,
                                        size_t limit);

}  // namespace pyrometer
