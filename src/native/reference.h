#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace pyrometer {

// What of two sides did not move; the reference is robustReference of
// core/compare/robust-reference.ts, whose words hold here as well.
struct Reference {
  double factor;
  double error;
};

// The values of both sides by node of one tree, its callers, and what a sample
// is worth on each side.
struct ReferenceInput {
  std::span<const double> baseline;
  std::span<const double> comparison;
  std::span<const uint32_t> parent;
  double worth_before;
  double worth_after;
};

// Whether all columns are of one length, callers stand before what they call,
// and a sample is worth something.
bool IsSoundReference(const ReferenceInput& input);

// By how much what did not move is more on the comparison's side; nothing where
// the sides have nothing in common.
std::optional<Reference> RobustReference(const ReferenceInput& input);

}  // namespace pyrometer
