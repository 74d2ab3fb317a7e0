#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "depth_first.h"
#include "work_watch.h"

namespace pyrometer {

// What is done to call nodes; see Rewrite in core/operations/rewrite.ts, whose
// functions are the reference. Numbers are those of `rewriteCodes` in
// engine/profiles/native-decoder.ts.
enum class RewriteKind : uint32_t {
  kKeep,
  kDrop,
  kFocus,
  kHide,
  kMerge,
  kCollapse,
  kDirectRecursion,
  kWholeRecursion,
  kGroup,
  kInvert,
};
inline constexpr uint32_t kRewriteKinds = 10;

struct NodeSpans {
  std::span<const uint32_t> function_index;
  std::span<const uint32_t> parent;
  std::span<const uint32_t> subtree_end;
  std::span<const uint32_t> depth;
};

struct RewriteInput {
  NodeSpans nodes;
  RewriteKind kind;
  // By node; all kinds but kGroup and kInvert.
  std::span<const uint8_t> marks;
  // By frame: the function of kDirectRecursion and kWholeRecursion, the group
  // of kGroup.
  std::span<const uint32_t> of_frame;
  // By node; kInvert.
  std::span<const double> weight;
  double narrowest = 0;
  // What kCollapse puts in; for kInvert, how many frames there are.
  uint32_t frame = 0;
};

// New nodes, and by old node the new one that its own values belong to, or
// kNone.
struct Rewritten {
  NodeColumns nodes;
  std::vector<uint32_t> map;
};

// Whether the columns are a tree that Rewrite stays inside of, and whether
// what its kind needs is there and as long as it must be.
bool IsSoundRewrite(const RewriteInput& input);

// Does one operation to sound input. Throws Cancelled and std::bad_alloc.
Rewritten Rewrite(const RewriteInput& input, const WorkWatch& watch);

}  // namespace pyrometer
