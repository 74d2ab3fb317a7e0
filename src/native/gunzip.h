#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace pyrometer {

enum class GunzipProblem { kNone, kDamaged, kTooLarge };

struct Unpacked {
  GunzipProblem problem = GunzipProblem::kNone;
  std::unique_ptr<uint8_t[]> bytes;
  size_t size = 0;
};

// Unpacks a gzip file of any number of members as a whole, by libdeflate.
// Zeros behind the last member are padding. Never holds more than `cap` bytes
// of output. Throws std::bad_alloc.
Unpacked Gunzip(std::span<const uint8_t> file, size_t cap);

}  // namespace pyrometer
