#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "depth_first.h"
#include "tables.h"
#include "work_watch.h"

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

// Merges stacks into call nodes, as they come: each behind its prefix. The
// lines of locations must outlive it and not change.
class CallNodesBuilder {
 public:
  CallNodesBuilder(std::span<const uint32_t> line_start,
                   std::span<const uint32_t> line_function,
                   size_t expected_stacks, size_t limit);

  // Adds the next stacks, which must be sound; false when there are more than
  // `limit` nodes. The first stack of all is the root's.
  bool Add(std::span<const uint32_t> prefix,
           std::span<const uint32_t> location);

  // The nodes of all stacks that were added. Throws Cancelled.
  CallNodes Finish(const WorkWatch& watch = {});

 private:
  std::span<const uint32_t> line_start_;
  std::span<const uint32_t> line_function_;
  size_t limit_;
  std::vector<uint32_t> function_index_{0};
  std::vector<uint32_t> parent_{0};
  std::vector<uint32_t> node_of_stack_;
  ChildLists children_;
};

// Merges stacks, which must be sound, into call nodes; nothing when there are
// more than `limit`. Throws Cancelled.
std::optional<CallNodes> BuildCallNodes(const StackColumns& stacks,
                                        size_t limit,
                                        const WorkWatch& watch = {});

}  // namespace pyrometer
