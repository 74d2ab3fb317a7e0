#include "call_tree.h"

#include "tables.h"

namespace pyrometer {
namespace {

// Renumbers nodes that were made parents first. A node's place is known as soon
// as its parent's is: behind the subtrees of the siblings made before it.
CallNodes ToDepthFirst(const std::vector<uint32_t>& made_function,
                       const std::vector<uint32_t>& made_parent,
                       std::vector<uint32_t> node_of_stack) {
  const size_t count = made_function.size();
  std::vector<uint32_t> size(count, 1);
  for (size_t made = count - 1; made > 0; --made) {
    size[made_parent[made]] += size[made];
  }
  std::vector<uint32_t> place(count);
  std::vector<uint32_t> next_child_place(count);
  next_child_place[0] = 1;
  CallNodes nodes;
  nodes.function_index.resize(count);
  nodes.parent.resize(count);
  nodes.subtree_end.resize(count);
  nodes.depth.resize(count);
  nodes.subtree_end[0] = static_cast<uint32_t>(count);
  for (size_t made = 1; made < count; ++made) {
    const uint32_t caller = made_parent[made];
    const uint32_t here = next_child_place[caller];
    place[made] = here;
    next_child_place[caller] = here + size[made];
    next_child_place[made] = here + 1;
    nodes.function_index[here] = made_function[made];
    nodes.parent[here] = place[caller];
    nodes.subtree_end[here] = here + size[made];
    nodes.depth[here] = nodes.depth[place[caller]] + 1;
  }
  for (uint32_t& node : node_of_stack) node = place[node];
  nodes.node_of_stack = std::move(node_of_stack);
  return nodes;
}

}  // namespace

std::optional<CallNodes> BuildCallNodes(const StackColumns& stacks,
                                        size_t limit) {
  const size_t stack_count = stacks.prefix.size();
  std::vector<uint32_t> function_index{0};
  std::vector<uint32_t> parent{0};
  function_index.reserve(stack_count);
  parent.reserve(stack_count);
  PairTable children(stack_count);
  std::vector<uint32_t> node_of_stack(stack_count);
  for (size_t stack = 1; stack < stack_count; ++stack) {
    uint32_t node = node_of_stack[stacks.prefix[stack]];
    const uint32_t location = stacks.location[stack];
    for (uint32_t line = stacks.line_start[location];
         line < stacks.line_start[location + 1]; ++line) {
      const uint32_t callee = stacks.line_function[line];
      const uint32_t known = children.Find(node, callee);
      if (known != kNone) {
        node = known;
        continue;
      }
      if (function_index.size() >= limit) return std::nullopt;
      const auto made = static_cast<uint32_t>(function_index.size());
      function_index.push_back(callee);
      parent.push_back(node);
      children.Insert(node, callee, made);
      node = made;
    }
    node_of_stack[stack] = node;
  }
  return ToDepthFirst(function_index, parent, std::move(node_of_stack));
}

}  // namespace pyrometer
