#pragma once

#include <cstdint>
#include <vector>

#include "work_watch.h"

namespace pyrometer {

// Call nodes without their stacks; the contract is that of CallNodes in
// core/profile/call-tree.ts.
struct NodeColumns {
  std::vector<uint32_t> function_index;
  std::vector<uint32_t> parent;
  std::vector<uint32_t> subtree_end;
  std::vector<uint32_t> depth;
};

// Renumbers nodes that were made parents first into depth-first order. `place`
// becomes where each made node went. A node's place is known as soon as its
// parent's is: behind the subtrees of the siblings made before it. Throws
// Cancelled.
NodeColumns ToDepthFirst(const std::vector<uint32_t>& made_function,
                         const std::vector<uint32_t>& made_parent,
                         std::vector<uint32_t>& place,
                         const WorkWatch& watch = {});

}  // namespace pyrometer
