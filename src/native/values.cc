#include "values.h"

#include <cstddef>

#include "tables.h"

namespace pyrometer {

bool IsSoundValues(const ValueInput& input) {
  const size_t count = input.parent.size();
  if (count == 0 || count >= kNone || input.to.size() != input.values.size()) {
    return false;
  }
  const std::span<const uint32_t> last =
      input.via.empty() ? input.to : input.via;
  for (const uint32_t node : last) {
    if (node >= count && node != kNone) return false;
  }
  if (!input.via.empty()) {
    for (const uint32_t index : input.to) {
      if (index >= input.via.size()) return false;
    }
  }
  for (size_t node = 1; node < count; ++node) {
    if (input.parent[node] >= node) return false;
  }
  return true;
}

NodeValues SumUp(const ValueInput& input) {
  NodeValues out;
  out.self.resize(input.parent.size());
  for (size_t i = 0; i < input.values.size(); ++i) {
    const uint32_t at =
        input.via.empty() ? input.to[i] : input.via[input.to[i]];
    if (at != kNone) out.self[at] += input.values[i];
  }
  out.total = out.self;
  for (size_t node = out.total.size(); node-- > 1;) {
    out.total[input.parent[node]] += out.total[node];
  }
  return out;
}

}  // namespace pyrometer
