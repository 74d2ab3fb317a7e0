#pragma once

// How the parts of the pprof reader look into messages that ReadLayout has
// checked: what they meet here is sound.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "wire.h"

namespace pyrometer {

// Calls each(reader) for every message.
template <typename Each>
void EachMessage(std::span<const uint8_t> file,
                 const std::vector<Extent>& extents, Each each) {
  for (const Extent& extent : extents) {
    each(Reader(file, extent.start, extent.end));
  }
}

// Calls number(field, value) for each varint of a message, inner(field,
// reader) for each field with a length.
template <typename Number, typename Inner>
void EachField(Reader reader, Number number, Inner inner) {
  while (!reader.done()) {
    const uint8_t tag = reader.Byte();
    if ((tag & 7) == 0) {
      number(tag >> 3, reader.Varint());
    } else {
      inner(tag >> 3, reader.Take(reader.Varint()));
    }
  }
}

// The varint fields of a message that has no others that matter.
template <size_t kCount>
std::array<uint64_t, kCount> NumbersOf(Reader reader) {
  std::array<uint64_t, kCount> numbers{};
  EachField(
      reader,
      [&](size_t field, uint64_t value) {
        if (field < kCount) numbers[field] = value;
      },
      [](size_t, Reader) {});
  return numbers;
}

// An int64 that cannot be shown below 0.
inline double NotNegative(uint64_t value) {
  return std::max(0.0, static_cast<double>(static_cast<int64_t>(value)));
}

}  // namespace pyrometer
