#include "align.h"

#include <algorithm>

#include "layout.h"
#include "tables.h"

namespace pyrometer {
namespace {

// A merged node that waits for its turn, with the first of its nodes on either
// side: number + 1, 0 for none.
struct Waiting {
  uint32_t comparison;
  uint32_t baseline;
  uint32_t callee;
  uint32_t caller;
};

// By merged function: which node (+ 1) last had a child of it, and where that
// child waits. So the children of a node are matched without a table of pairs.
struct Seen {
  uint32_t caller = 0;
  uint32_t place = 0;
};

class Aligner {
 public:
  Aligner(const AlignSide& comparison, const AlignSide& baseline,
          size_t function_count)
      : comparison_(comparison),
        baseline_(baseline),
        same_comparison_(comparison.self.size()),
        same_baseline_(baseline.self.size()),
        seen_(function_count) {
    const size_t most = comparison.self.size() + baseline.self.size() - 1;
    out_.function_index.reserve(most);
    out_.parent.reserve(most);
    out_.depth.reserve(most);
    out_.comparison_self.reserve(most);
    out_.baseline_self.reserve(most);
  }

  AlignedColumns Run() {
    waiting_.push_back({1, 1, 0, 0});
    while (!waiting_.empty()) {
      const Waiting next = waiting_.back();
      waiting_.pop_back();
      const auto node = static_cast<uint32_t>(out_.parent.size());
      out_.function_index.push_back(next.callee);
      out_.parent.push_back(next.caller);
      out_.depth.push_back(node == 0 ? 0 : out_.depth[next.caller] + 1);
      const size_t bottom = waiting_.size();
      out_.comparison_self.push_back(TakeChildren<&Waiting::comparison>(
          comparison_, same_comparison_, next.comparison, node));
      out_.baseline_self.push_back(TakeChildren<&Waiting::baseline>(
          baseline_, same_baseline_, next.baseline, node));
      // The first child is the first to be taken.
      std::reverse(waiting_.begin() + static_cast<std::ptrdiff_t>(bottom),
                   waiting_.end());
    }
    CloseSubtrees();
    return std::move(out_);
  }

 private:
  // Lets the children of a merged node wait; answers what the side had itself
  // in it.
  template <uint32_t Waiting::* kOwn>
  double TakeChildren(const AlignSide& side, std::vector<uint32_t>& same,
                      uint32_t first, uint32_t node) {
    double own = 0;
    for (uint32_t at = first; at != 0; at = same[at - 1]) {
      own += side.self[at - 1];
      const uint32_t end = side.subtree_end[at - 1];
      for (uint32_t child = at; child < end; child = side.subtree_end[child]) {
        const uint32_t callee = side.to_merged[side.function_index[child]];
        Seen& seen = seen_[callee];
        if (seen.caller != node + 1) {
          seen = {node + 1, static_cast<uint32_t>(waiting_.size())};
          waiting_.push_back({0, 0, callee, node});
          waiting_.back().*kOwn = child + 1;
          continue;
        }
        Waiting& waits = waiting_[seen.place];
        same[child] = waits.*kOwn;
        waits.*kOwn = child + 1;
      }
    }
    return own;
  }

  // The last child ends where its caller does, and comes first from behind.
  void CloseSubtrees() {
    const std::vector<uint32_t>& parent = out_.parent;
    std::vector<uint32_t>& end = out_.subtree_end;
    end.resize(parent.size());
    for (size_t node = parent.size(); node-- > 0;) {
      if (end[node] == 0) end[node] = static_cast<uint32_t>(node) + 1;
      if (end[parent[node]] == 0) end[parent[node]] = end[node];
    }
  }

  const AlignSide& comparison_;
  const AlignSide& baseline_;
  // By node of a side, the next one that is the same merged node: number + 1.
  std::vector<uint32_t> same_comparison_;
  std::vector<uint32_t> same_baseline_;
  std::vector<Seen> seen_;
  std::vector<Waiting> waiting_;
  AlignedColumns out_;
};

}  // namespace

bool IsSoundSide(const AlignSide& side, size_t function_count) {
  if (!IsSoundTree(
          {side.function_index, side.subtree_end, side.self, side.self}) ||
      side.self.size() >= kNone / 2) {
    return false;
  }
  for (const uint32_t function : side.function_index) {
    if (function >= side.to_merged.size()) return false;
  }
  for (const uint32_t merged : side.to_merged) {
    if (merged >= function_count) return false;
  }
  return true;
}

AlignedColumns Align(const AlignSide& comparison, const AlignSide& baseline,
                     size_t function_count) {
  return Aligner(comparison, baseline, function_count).Run();
}

}  // namespace pyrometer
