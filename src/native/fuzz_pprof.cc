// Fuzz target of the pprof reader, for clang's libFuzzer. npm run test:nightly
// compiles it with every source but binding.cc and *_test.cc, under
// -fsanitize=fuzzer,address,undefined, and runs the result.

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "check_profile.h"
#include "sample_files.h"

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  pyrometer::testing::IsReadableAndSound({data, size});
  return 0;
}

// The seed corpus is code: an input too short to be a profile becomes one.
extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size,
                                          size_t max_size, unsigned int seed) {
  static const auto files = pyrometer::testing::SampleFiles();
  const auto& file = files[seed % files.size()];
  if (size < 8 && file.size() <= max_size) {
    std::copy(file.begin(), file.end(), data);
    return file.size();
  }
  return LLVMFuzzerMutate(data, size, max_size);
}
