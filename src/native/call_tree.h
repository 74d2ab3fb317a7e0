#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace pyrometer {

// Call nodes in depth-first order; the contract is that of ProfileCallNodes in
// core/profile/call-tree.ts.
struct CallNodes {
  std::vector<uint32_t> function_index;
  std::vector<uint32_t> parent;
  std::vector<uint32_t> subtree_end;
  std::vector<uint32_t> depth;
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

// Merges stacks into call nodes; nothing when there are more than `limit`.
std::optional<CallNodes> BuildCallNodes(const StackColumns& stacks,
                                        size_t limit);

}  // namespace pyrometer
