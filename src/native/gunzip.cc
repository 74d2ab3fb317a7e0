#include "gunzip.h"

// Where libdeflate is not installed, zlib of the runtime does this work.
#ifdef PYROMETER_LIBDEFLATE

#include <libdeflate.h>

#include <algorithm>
#include <cstring>
#include <new>

namespace pyrometer {
namespace {

struct FreeDecompressor {
  void operator()(libdeflate_decompressor* decompressor) const {
    libdeflate_free_decompressor(decompressor);
  }
};

// The last member's size modulo 2^32 stands in the last four bytes. It is a
// hint and may lie.
size_t SizeHint(std::span<const uint8_t> file) {
  if (file.size() < 18) return 0;
  const uint8_t* last = file.data() + file.size() - 4;
  return size_t{last[0]} | size_t{last[1]} << 8 | size_t{last[2]} << 16 |
         size_t{last[3]} << 24;
}

// Whether another member follows. Padding with zeros is no member; anything
// else is taken for one, and is damaged if it is none: so does Node's zlib.
bool HasMember(std::span<const uint8_t> rest) {
  return !rest.empty() && rest[0] != 0;
}

}  // namespace

Unpacked Gunzip(std::span<const uint8_t> file, size_t cap) {
  std::unique_ptr<libdeflate_decompressor, FreeDecompressor> decompressor(
      libdeflate_alloc_decompressor());
  if (!decompressor) throw std::bad_alloc();
  Unpacked out;
  size_t capacity = std::clamp(SizeHint(file), std::min(cap, file.size()), cap);
  out.bytes = std::make_unique_for_overwrite<uint8_t[]>(capacity);
  std::span<const uint8_t> rest = file;
  do {
    size_t read = 0;
    size_t written = 0;
    const libdeflate_result result = libdeflate_gzip_decompress_ex(
        decompressor.get(), rest.data(), rest.size(),
        out.bytes.get() + out.size, capacity - out.size, &read, &written);
    if (result == LIBDEFLATE_INSUFFICIENT_SPACE) {
      if (capacity == cap) {
        out.problem = GunzipProblem::kTooLarge;
        return out;
      }
      // The member is unpacked anew: doubling makes that at most one more
      // unpacking in all.
      capacity = std::min(cap, std::max<size_t>(capacity * 2, 65536));
      auto wider = std::make_unique_for_overwrite<uint8_t[]>(capacity);
      std::memcpy(wider.get(), out.bytes.get(), out.size);
      out.bytes = std::move(wider);
      continue;
    }
    if (result != LIBDEFLATE_SUCCESS) {
      out.problem = GunzipProblem::kDamaged;
      return out;
    }
    rest = rest.subspan(read);
    out.size += written;
  } while (HasMember(rest));
  return out;
}

}  // namespace pyrometer

#endif  // PYROMETER_LIBDEFLATE
