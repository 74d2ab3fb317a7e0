#include "string_table.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "tables.h"

namespace pyrometer {
namespace {

uint64_t HashOf(std::span<const uint8_t> bytes) {
  uint64_t hash = bytes.size();
  size_t at = 0;
  for (; at + 8 <= bytes.size(); at += 8) {
    uint64_t word;
    std::memcpy(&word, bytes.data() + at, 8);
    hash = MixBits(hash ^ word);
  }
  uint64_t rest = 0;
  for (; at < bytes.size(); ++at) rest = (rest << 8) | bytes[at];
  return MixBits(hash ^ rest);
}

}  // namespace

StringTable::StringTable() : offsets_{0, 0}, slots_(256) {
  slots_[SlotOf({})] = 1;
}

size_t StringTable::SlotOf(std::span<const uint8_t> bytes) const {
  const size_t mask = slots_.size() - 1;
  size_t slot = HashOf(bytes) & mask;
  while (slots_[slot] != 0 &&
         !std::ranges::equal(At(slots_[slot] - 1), bytes)) {
    slot = (slot + 1) & mask;
  }
  return slot;
}

uint32_t StringTable::Intern(std::span<const uint8_t> bytes) {
  const size_t slot = SlotOf(bytes);
  if (slots_[slot] != 0) return slots_[slot] - 1;
  // Offsets are 32 bits; a file of 2 GiB cannot come near.
  if (bytes.size() > 0xffffffff - blob_.size()) throw std::bad_alloc();
  blob_.insert(blob_.end(), bytes.begin(), bytes.end());
  const auto index = static_cast<uint32_t>(offsets_.size() - 1);
  offsets_.push_back(static_cast<uint32_t>(blob_.size()));
  slots_[slot] = index + 1;
  if (size_t{index} * 2 > slots_.size()) Grow();
  return index;
}

void StringTable::Grow() {
  slots_.assign(slots_.size() * 2, 0);
  for (uint32_t index = 0; index + 1 < offsets_.size(); ++index) {
    slots_[SlotOf(At(index))] = index + 1;
  }
}

}  // namespace pyrometer
