#include "gunzip.h"

#ifdef PYROMETER_LIBDEFLATE

#include <libdeflate.h>

#include <memory>
#include <vector>

#include "testing.h"

namespace pyrometer {
namespace {

using Bytes = std::vector<uint8_t>;

Bytes Gzip(const Bytes& plain) {
  std::unique_ptr<libdeflate_compressor, decltype(&libdeflate_free_compressor)>
      compressor(libdeflate_alloc_compressor(6), libdeflate_free_compressor);
  Bytes out(libdeflate_gzip_compress_bound(compressor.get(), plain.size()));
  out.resize(libdeflate_gzip_compress(compressor.get(), plain.data(),
                                      plain.size(), out.data(), out.size()));
  return out;
}

// The unpacked bytes; one byte 'd' or 't' when damaged or too large.
Bytes Outcome(const Bytes& file, size_t cap = 1'000'000) {
  const Unpacked out = Gunzip(file, cap);
  if (out.problem == GunzipProblem::kDamaged) return {'d'};
  if (out.problem == GunzipProblem::kTooLarge) return {'t'};
  return {out.bytes.get(), out.bytes.get() + out.size};
}

Bytes operator+(Bytes one, const Bytes& other) {
  one.insert(one.end(), other.begin(), other.end());
  return one;
}

PYROMETER_TEST(UnpacksMembersAndIgnoresPadding) {
  const Bytes one(1000, 1);
  const Bytes two(70'000, 2);
  EXPECT_EQ(Outcome(Gzip(one)), one);
  EXPECT_EQ(Outcome(Gzip({})), Bytes{});
  EXPECT_EQ(Outcome(Gzip(two) + Gzip(one)), two + one);
  EXPECT_EQ(Outcome(Gzip(one) + Gzip(two)), one + two);
  EXPECT_EQ(Outcome(Gzip(one) + Bytes(9, 0)), one);
}

PYROMETER_TEST(RefusesWhatIsDamagedOrLarge) {
  Bytes file = Gzip(Bytes(1000, 1));
  EXPECT_EQ(Outcome(file + Bytes{7}), Bytes{'d'});
  EXPECT_EQ(Outcome(Bytes(file.begin(), file.end() - 1)), Bytes{'d'});
  EXPECT_EQ(Outcome({0x1f, 0x8b}), Bytes{'d'});
  EXPECT_EQ(Outcome(file, 999), Bytes{'t'});
  EXPECT_EQ(Outcome(file, 1000), Bytes(1000, 1));
  // A size that lies makes nothing larger than the cap.
  file[file.size() - 1] = 0xff;
  EXPECT_EQ(Outcome(file, 5000), Bytes{'d'});
}

}  // namespace
}  // namespace pyrometer

#endif  // PYROMETER_LIBDEFLATE
