#include "rewrite.h"

#include <algorithm>
#include <utility>

#include "tables.h"

namespace pyrometer {
namespace {

// Keeps nodes as they are or leaves them out: nothing merges, so depth-first
// order stays.
Rewritten Select(const RewriteInput& input, const WorkWatch& watch) {
  const NodeSpans& nodes = input.nodes;
  const size_t count = nodes.parent.size();
  const bool keep = input.kind == RewriteKind::kKeep;
  std::vector<uint8_t> below(count);  // a marked frame is in the node's stack
  for (size_t node = 1; node < count; ++node) {
    below[node] = input.marks[node] | below[nodes.parent[node]];
  }
  std::vector<uint8_t> stays(below);
  if (keep) {
    for (size_t node = count; node-- > 1;) {
      if (stays[node] != 0) stays[nodes.parent[node]] = 1;
    }
  } else {
    for (size_t node = 0; node < count; ++node) stays[node] = 1 - below[node];
  }
  stays[0] = 1;
  watch.Report(1, 2);
  std::vector<uint32_t> rank(count + 1);
  for (size_t node = 0; node < count; ++node) {
    rank[node + 1] = rank[node] + stays[node];
  }
  Rewritten out;
  out.nodes.function_index.resize(rank[count]);
  out.nodes.parent.resize(rank[count]);
  out.nodes.subtree_end.resize(rank[count]);
  out.nodes.depth.resize(rank[count]);
  out.map.assign(count, kNone);
  for (size_t node = 0; node < count; ++node) {
    if (stays[node] == 0) continue;
    const uint32_t here = rank[node];
    out.nodes.function_index[here] = nodes.function_index[node];
    out.nodes.parent[here] = rank[nodes.parent[node]];
    out.nodes.subtree_end[here] = rank[nodes.subtree_end[node]];
    out.nodes.depth[here] = nodes.depth[node];
    if (!keep || below[node] != 0) out.map[node] = here;
  }
  return out;
}

// Nodes in the making: parents first, one child a parent and frame.
class Growth {
 public:
  explicit Growth(size_t expected) : children_(expected) {
    parent_.reserve(expected);
    parent_.push_back(0);
  }

  uint32_t Child(uint32_t parent, uint32_t frame) {
    const uint32_t known = children_.Find(parent, frame);
    if (known != kNone) return known;
    parent_.push_back(parent);
    return children_.Add(parent, frame);
  }

  uint32_t ParentOf(uint32_t node) const { return parent_[node]; }
  uint32_t FrameOf(uint32_t node) const { return children_.Key(node); }

  Rewritten Finish(std::vector<uint32_t> map, const WorkWatch& watch) {
    std::vector<uint32_t> frames(parent_.size());
    for (uint32_t node = 0; node < frames.size(); ++node) {
      frames[node] = children_.Key(node);
    }
    Rewritten out;
    std::vector<uint32_t> place;
    out.nodes = ToDepthFirst(frames, parent_, place, watch);
    for (uint32_t& made : map) {
      if (made != kNone) made = place[made];
    }
    out.map = std::move(map);
    return out;
  }

 private:
  std::vector<uint32_t> parent_;
  ChildLists children_;
};

// From the root down, each node goes where its caller's new node leads it:
// step(node, caller, above) answers where.
template <typename Step>
Rewritten Rebuild(Growth& growth, const RewriteInput& input,
                  const WorkWatch& watch, Step step) {
  const size_t count = input.nodes.parent.size();
  std::vector<uint32_t> map(count);
  if (input.kind == RewriteKind::kFocus) map[0] = kNone;
  for (size_t node = 1; node < count; ++node) {
    watch.Step(node, count);
    const uint32_t caller = input.nodes.parent[node];
    map[node] = step(static_cast<uint32_t>(node), caller, map[caller]);
  }
  return growth.Finish(std::move(map), watch);
}

Rewritten RebuildByKind(const RewriteInput& input, const WorkWatch& watch) {
  const NodeSpans& nodes = input.nodes;
  const size_t count = nodes.parent.size();
  const auto& marks = input.marks;
  const auto& of_frame = input.of_frame;
  const auto& frames = nodes.function_index;
  Growth growth(count);
  const auto rebuild = [&](auto step) {
    return Rebuild(growth, input, watch, step);
  };
  switch (input.kind) {
    case RewriteKind::kFocus:
      return rebuild([&](uint32_t node, uint32_t, uint32_t above) {
        if (above != kNone) {
          return growth.Child(above, frames[node]);
        }
        return marks[node] != 0 ? growth.Child(0, frames[node])
                                : kNone;
      });
    case RewriteKind::kHide:
      return rebuild([&](uint32_t node, uint32_t, uint32_t above) {
        return marks[node] != 0
                   ? above
                   : growth.Child(above, frames[node]);
      });
    case RewriteKind::kMerge: {
      std::vector<uint8_t> merged(count);
      return rebuild([&](uint32_t node, uint32_t caller, uint32_t above) {
        if (merged[caller] != 0) {
          merged[node] = 1;
          return above;
        }
        merged[node] = marks[node];
        return growth.Child(above, frames[node]);
      });
    }
    case RewriteKind::kCollapse:
      return rebuild([&](uint32_t node, uint32_t caller, uint32_t above) {
        if (marks[node] == 0) {
          return growth.Child(above, frames[node]);
        }
        return marks[caller] != 0
                   ? above
                   : growth.Child(above, input.frame);
      });
    case RewriteKind::kGroup:
      return rebuild([&](uint32_t node, uint32_t caller, uint32_t above) {
        const uint32_t group = of_frame[frames[node]];
        if (caller != 0 && of_frame[frames[caller]] == group) return above;
        return growth.Child(above, group);
      });
    case RewriteKind::kDirectRecursion:
      return rebuild([&](uint32_t node, uint32_t caller, uint32_t above) {
        if (marks[node] != 0 && caller != 0 &&
            of_frame[frames[caller]] == of_frame[frames[node]]) {
          return above;
        }
        return growth.Child(above, frames[node]);
      });
    default: {
      // Until where the subtree of a function's outermost open frame goes:
      // only before that a caller can be that function.
      std::vector<uint32_t> open_until(of_frame.size());
      return rebuild([&](uint32_t node, uint32_t, uint32_t above) {
        const uint32_t called = of_frame[frames[node]];
        if (node >= open_until[called]) {
          open_until[called] = nodes.subtree_end[node];
        } else if (marks[node] != 0) {
          for (uint32_t at = above; at != 0; at = growth.ParentOf(at)) {
            if (of_frame[growth.FrameOf(at)] == called) return at;
          }
        }
        return growth.Child(above, frames[node]);
      });
    }
  }
}

// One stack that is being stood on its head: whose it is, and its frame whose
// turn it is.
struct Item {
  uint32_t origin;
  uint32_t at;
};

// The stacks [start, end) that a new node stands for.
struct Group {
  uint32_t node;
  size_t start;
  size_t end;
};

// What is known of a frame within one group.
struct Caller {
  double sum = 0;
  size_t going = 0;  // how many of its stacks have another caller
  size_t place = 0;
  uint32_t made = kNone;
  bool seen = false;
};

Rewritten Invert(const RewriteInput& input, const WorkWatch& watch) {
  const NodeSpans& nodes = input.nodes;
  const auto& frames = nodes.function_index;
  const size_t count = nodes.parent.size();
  std::vector<uint32_t> map(count, kNone);
  std::vector<uint32_t> made_function{0};
  std::vector<uint32_t> made_parent{0};
  std::vector<Item> items;
  for (size_t node = 0; node < count; ++node) {
    if (!(input.weight[node] > 0)) continue;
    map[node] = 0;
    const auto index = static_cast<uint32_t>(node);
    if (node > 0) items.push_back({index, index});
  }
  std::vector<Item> next_items(items.size());
  std::vector<Group> groups{{0, 0, items.size()}};
  std::vector<Group> next_groups;
  std::vector<Caller> callers(input.frame);
  std::vector<uint32_t> appeared;
  // Every frame of every stack is stepped over once.
  size_t all_steps = 0;
  for (const Item& item : items) all_steps += nodes.depth[item.at];
  size_t steps = 0;
  while (!groups.empty()) {
    size_t filled = 0;
    next_groups.clear();
    for (const Group& group : groups) {
      appeared.clear();
      for (size_t item = group.start; item < group.end; ++item) {
        watch.Step(++steps, all_steps);
        const uint32_t here = items[item].at;
        Caller& caller = callers[frames[here]];
        if (!caller.seen) {
          caller = {.seen = true};
          appeared.push_back(frames[here]);
        }
        caller.sum += input.weight[items[item].origin];
        if (nodes.parent[here] != 0) ++caller.going;
      }
      for (const uint32_t frame : appeared) {
        Caller& caller = callers[frame];
        caller.seen = false;
        if (caller.sum < input.narrowest) continue;
        caller.made = static_cast<uint32_t>(made_function.size());
        made_function.push_back(frame);
        made_parent.push_back(group.node);
        caller.place = filled;
        if (caller.going > 0) {
          next_groups.push_back({caller.made, filled, filled + caller.going});
        }
        filled += caller.going;
      }
      for (size_t item = group.start; item < group.end; ++item) {
        const auto [origin, here] = items[item];
        Caller& caller = callers[frames[here]];
        if (caller.made == kNone) continue;
        map[origin] = caller.made;
        if (nodes.parent[here] != 0) {
          next_items[caller.place++] = {origin, nodes.parent[here]};
        }
      }
    }
    next_items.resize(filled);
    items.swap(next_items);
    next_items.resize(filled);
    groups.swap(next_groups);
  }
  Rewritten out;
  std::vector<uint32_t> place;
  out.nodes = ToDepthFirst(made_function, made_parent, place, watch);
  for (uint32_t& made : map) {
    if (made != kNone) made = place[made];
  }
  out.map = std::move(map);
  return out;
}

}  // namespace

bool IsSoundRewrite(const RewriteInput& input) {
  const NodeSpans& nodes = input.nodes;
  const size_t count = nodes.parent.size();
  if (count == 0 || count >= kNone || nodes.function_index.size() != count ||
      nodes.subtree_end.size() != count || nodes.depth.size() != count) {
    return false;
  }
  size_t frame_count = kNone;
  switch (input.kind) {
    case RewriteKind::kDirectRecursion:
    case RewriteKind::kWholeRecursion:
      frame_count = input.of_frame.size();
      // Functions are told by one of their frames.
      for (const uint32_t function : input.of_frame) {
        if (function >= frame_count) return false;
      }
      break;
    case RewriteKind::kGroup:
      frame_count = input.of_frame.size();
      break;
    case RewriteKind::kInvert:
      frame_count = input.frame;
      if (input.weight.size() != count) return false;
      break;
    default:
      break;
  }
  if (input.kind != RewriteKind::kGroup &&
      input.kind != RewriteKind::kInvert && input.marks.size() != count) {
    return false;
  }
  for (size_t node = 0; node < count; ++node) {
    if (nodes.function_index[node] >= frame_count ||
        nodes.subtree_end[node] <= node || nodes.subtree_end[node] > count ||
        (node == 0 ? nodes.parent[0] != 0 : nodes.parent[node] >= node)) {
      return false;
    }
  }
  return true;
}

Rewritten Rewrite(const RewriteInput& input, const WorkWatch& watch) {
  switch (input.kind) {
    case RewriteKind::kKeep:
    case RewriteKind::kDrop:
      return Select(input, watch);
    case RewriteKind::kInvert:
      return Invert(input, watch);
    default:
      return RebuildByKind(input, watch);
  }
}

}  // namespace pyrometer
