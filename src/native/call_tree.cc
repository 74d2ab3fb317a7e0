#include "call_tree.h"

#include <algorithm>
#include <utility>

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

CallNodesBuilder::CallNodesBuilder(std::span<const uint32_t> line_start,
                                   std::span<const uint32_t> line_function,
                                   size_t expected_stacks, size_t limit)
    : line_start_(line_start),
      line_function_(line_function),
      limit_(limit),
      children_(expected_stacks) {
  function_index_.reserve(expected_stacks);
  parent_.reserve(expected_stacks);
  node_of_stack_.reserve(expected_stacks);
}

bool CallNodesBuilder::Add(std::span<const uint32_t> prefix,
                           std::span<const uint32_t> location) {
  for (size_t at = 0; at < prefix.size(); ++at) {
    if (node_of_stack_.empty()) {
      node_of_stack_.push_back(0);
      continue;
    }
    uint32_t node = node_of_stack_[prefix[at]];
    for (uint32_t line = line_start_[location[at]];
         line < line_start_[location[at] + 1]; ++line) {
      const uint32_t callee = line_function_[line];
      const uint32_t known = children_.Find(node, callee);
      if (known != kNone) {
        node = known;
        continue;
      }
      if (function_index_.size() >= limit_) return false;
      function_index_.push_back(callee);
      parent_.push_back(node);
      node = children_.Add(node, callee);
    }
    node_of_stack_.push_back(node);
  }
  return true;
}

CallNodes CallNodesBuilder::Finish(const WorkWatch& watch) {
  std::vector<uint32_t> place;
  CallNodes nodes{ToDepthFirst(function_index_, parent_, place, watch),
                  {}};
  for (uint32_t& node : node_of_stack_) node = place[node];
  nodes.node_of_stack = std::move(node_of_stack_);
  return nodes;
}

std::optional<CallNodes> BuildCallNodes(const StackColumns& stacks,
                                        size_t limit, const WorkWatch& watch) {
  CallNodesBuilder builder(stacks.line_start, stacks.line_function,
                           stacks.prefix.size(), limit);
  const size_t count = stacks.prefix.size();
  for (size_t done = 0; done < count; done += WorkWatch::kStepsBetweenLooks) {
    watch.Report(done, count);
    const size_t next = std::min(WorkWatch::kStepsBetweenLooks, count - done);
    if (!builder.Add(stacks.prefix.subspan(done, next),
                     stacks.location.subspan(done, next))) {
      return std::nullopt;
    }
  }
  return builder.Finish(watch);
}

}  // namespace pyrometer
