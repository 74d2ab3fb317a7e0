// Fuzz target of the operations on call nodes, for clang's libFuzzer: bytes
// become a tree, marks and a list of operations. What comes out must be a tree
// and every old node must go to a node of it or nowhere. Any two bytes are an
// input, so it needs no seeds.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "check_profile.h"
#include "rewrite.h"
#include "tables.h"

using pyrometer::NodeColumns;
using pyrometer::RewriteInput;
using pyrometer::RewriteKind;
using pyrometer::testing::Require;

namespace {

constexpr uint32_t kFrames = 7;

// One node a byte: how many levels to go up first, and which frame it is.
NodeColumns TreeOf(const uint8_t* data, size_t size) {
  pyrometer::ChildLists nodes(size);
  std::vector<uint32_t> parent{0};
  uint32_t at = 0;
  for (size_t i = 0; i < size; ++i) {
    for (int up = data[i] >> 5; up > 0; --up) at = parent[at];
    const uint32_t frame = 1 + data[i] % (kFrames - 1);
    const uint32_t known = nodes.Find(at, frame);
    if (known == pyrometer::kNone) parent.push_back(at);
    at = known == pyrometer::kNone ? nodes.Add(at, frame) : known;
  }
  std::vector<uint32_t> frames(parent.size());
  for (uint32_t node = 1; node < frames.size(); ++node) {
    frames[node] = nodes.Key(node);
  }
  std::vector<uint32_t> place;
  return pyrometer::ToDepthFirst(frames, parent, place);
}

void RequireTree(const NodeColumns& nodes) {
  const size_t count = nodes.parent.size();
  Require(count > 0 && nodes.subtree_end[0] == count, "the root has all");
  for (size_t node = 1; node < count; ++node) {
    const uint32_t parent = nodes.parent[node];
    Require(parent < node && nodes.subtree_end[node] > node &&
                nodes.subtree_end[node] <= nodes.subtree_end[parent] &&
                nodes.depth[node] == nodes.depth[parent] + 1,
            "a node lies in its parent");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2 || size > 4096) return 0;
  const size_t steps = 1 + data[0] % 4;
  const uint8_t salt = data[1];
  NodeColumns nodes = TreeOf(data + 2, size - 2);
  uint32_t frame_count = kFrames;
  for (size_t step = 0; step < steps; ++step) {
    const size_t count = nodes.parent.size();
    std::vector<uint8_t> marks(count);
    std::vector<double> weight(count);
    for (size_t node = 1; node < count; ++node) {
      const uint8_t byte = data[(node * 31 + step) % size];
      marks[node] = (byte ^ salt) & 1;
      weight[node] = byte >> 2;
    }
    ++frame_count;
    std::vector<uint32_t> of_frame(frame_count);
    for (uint32_t frame = 1; frame < frame_count; ++frame) {
      of_frame[frame] = 1 + (frame * (salt | 1)) % (frame_count - 1);
    }
    const uint8_t kind = data[(step * 17 + 1) % size];
    RewriteInput input{
        .nodes = {nodes.function_index, nodes.parent, nodes.subtree_end,
                  nodes.depth},
        .kind = static_cast<RewriteKind>(kind % pyrometer::kRewriteKinds),
        .marks = marks,
        .of_frame = of_frame,
        .weight = weight,
        .narrowest = static_cast<double>(salt),
        .frame = frame_count};
    if (input.kind == RewriteKind::kCollapse) --input.frame;
    Require(pyrometer::IsSoundRewrite(input), "what was made is sound");
    const auto out = pyrometer::Rewrite(input, pyrometer::WorkWatch());
    RequireTree(out.nodes);
    Require(out.map.size() == count, "each old node is mapped");
    for (const uint32_t to : out.map) {
      Require(to == pyrometer::kNone || to < out.nodes.parent.size(),
              "old nodes go to new ones");
    }
    nodes = out.nodes;
  }
  return 0;
}
