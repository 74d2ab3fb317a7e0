#include "call_tree.h"

#include <utility>

#include "depth_first.h"
#include "tables.h"

namespace pyrometer {
bool IsSoundStacks(const StackColumns& stacks) {
  const size_t stack_count = stacks.prefix.size();
  if (stack_count == 0 || stack_count >= kNone ||
      stacks.location.size() != stack_count || stacks.line_start.empty()) {
    return false;
  }
  for (size_t stack = 0; stack < stack_count; ++stack) {
    if ((stack > 0 && stacks.prefix[stack] >= stack) ||
        size_t{stacks.location[stack]} + 1 >= stacks.line_start.size()) {
      return false;
    }
  }
  for (const uint32_t start : stacks.line_start) {
    if (start > stacks.line_function.size()) return false;
  }
  return true;
}

std::optional<CallNodes> BuildCallNodes(const StackColumns& stacks,
                                        size_t limit) {
  const size_t stack_count = stacks.prefix.size();
  std::vector<uint32_t> function_index{0};
  std::vector<uint32_t> parent{0};
  function_index.reserve(stack_count);
  parent.reserve(stack_count);
  ChildLists children(stack_count);
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
      function_index.push_back(callee);
      parent.push_back(node);
      node = children.Add(node, callee);
    }
    node_of_stack[stack] = node;
  }
  std::vector<uint32_t> place;
  CallNodes nodes{ToDepthFirst(function_index, parent, place), {}};
  for (uint32_t& node : node_of_stack) node = place[node];
  nodes.node_of_stack = std::move(node_of_stack);
  return nodes;
}

}  // namespace pyrometer
