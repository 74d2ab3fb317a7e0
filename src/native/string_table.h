#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace pyrometer {

// Strings as bytes: string i is blob[offsets[i], offsets[i + 1]), not checked
// for being UTF-8. String 0 is "". No two are equal byte for byte.
class StringTable {
 public:
  StringTable();

  // The index of a string, a new one if it was not there. Copies the bytes,
  // which may be those of a string of this table.
  uint32_t Intern(std::span<const uint8_t> bytes);

  // Good until the next Intern.
  std::span<const uint8_t> At(uint32_t index) const {
    return std::span(blob_).subspan(offsets_[index],
                                    offsets_[index + 1] - offsets_[index]);
  }

  std::vector<uint8_t>& blob() { return blob_; }
  std::vector<uint32_t>& offsets() { return offsets_; }

 private:
  size_t SlotOf(std::span<const uint8_t> bytes) const;
  void Grow();

  std::vector<uint8_t> blob_;
  std::vector<uint32_t> offsets_;
  std::vector<uint32_t> slots_;  // index + 1, 0 is free
};

}  // namespace pyrometer
