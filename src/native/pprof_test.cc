#include "pprof.h"

#include <random>

#include "check_profile.h"
#include "sample_files.h"
#include "testing.h"

namespace pyrometer {
namespace {

using testing::Bytes;
using testing::Join;
using testing::Nested;
using testing::Number;
using testing::Sample;
using testing::Tables;
using testing::Text;
using Column = std::vector<uint32_t>;

constexpr Limits kLimits{1'000'000, 256};

// What is wrong with a file, "" when it can be read.
std::string ProblemOf(const Bytes& file, Limits limits = kLimits) {
  try {
    DecodePprof(file, limits);
    return "";
  } catch (const ReadError& error) {
    return ProblemName(error.problem);
  }
}

std::string NameOf(ProfileColumns& profile, uint32_t function) {
  const auto bytes = profile.strings.At(profile.function_name[function]);
  return {bytes.begin(), bytes.end()};
}

PYROMETER_TEST(MergesStacksAndExpandsInlinedLines) {
  ProfileColumns profile = DecodePprof(testing::SoundFile(), kLimits);
  EXPECT_EQ(profile.file_sample_count, 4.0);
  EXPECT_EQ(profile.stack_prefix, (Column{0, 0, 1, 0, 1}));
  EXPECT_EQ(profile.sample_values[0], (std::vector<double>{5, 2, 1, 1}));
  EXPECT_EQ(profile.nodes.parent, (Column{0, 0, 1, 1}));
  EXPECT_EQ(profile.nodes.subtree_end, (Column{4, 4, 3, 4}));
  EXPECT_EQ(profile.nodes.node_of_stack, (Column{0, 1, 2, 2, 3}));
  EXPECT_EQ(NameOf(profile, 2), "work");
  EXPECT_EQ(NameOf(profile, 3), "[app]");
}

PYROMETER_TEST(RefusesWhatIsCutOffOrDamaged) {
  const Bytes sound = testing::SoundFile();
  EXPECT_EQ(ProblemOf(Bytes(sound.begin(), sound.end() - 1)), "truncated");
  EXPECT_EQ(ProblemOf(Join({sound, Nested(2, {0x0a, 0x20, 1}), Text("x")})),
            "bad-length");
  EXPECT_EQ(ProblemOf(Join({sound, {0x02, 0x00}})), "bad-field");
  EXPECT_EQ(ProblemOf(Join({sound, Number(4, 1)})), "wrong-field-type");
  EXPECT_EQ(ProblemOf(Join({sound, {0x48}, Bytes(10, 0x80), {1}})),
            "bad-varint");
  EXPECT_EQ(ProblemOf(Join({sound, {0x12}, Bytes(9, 0xff), {1}})), "truncated");
  EXPECT_EQ(ProblemOf({}), "no-sample-types");
}

PYROMETER_TEST(KeepsToItsLimits) {
  EXPECT_EQ(ProblemOf(testing::SoundFile(), {4, 256}), "too-many-call-paths");
  EXPECT_EQ(ProblemOf(testing::SoundFile(), {5, 256}), "");
  EXPECT_EQ(ProblemOf(testing::SoundFile(), {5, 0}), "too-many-sample-types");
  // Few stacks of a location with many lines name more nodes than bytes.
  Bytes lines;
  for (int i = 0; i < 1000; ++i) {
    lines = Join({lines, Nested(4, Number(1, 1))});
  }
  const Bytes wide = Nested(4, Join({Number(1, 5), lines}));
  Bytes deep;
  for (int i = 0; i < 1000; ++i) deep.push_back(5);
  const Bytes bomb = Join(
      {Tables(), wide, Nested(2, Join({Nested(1, deep), Nested(2, {1})}))});
  EXPECT_EQ(ProblemOf(bomb, {100'000, 256}), "too-many-call-paths");
}

PYROMETER_TEST(CountsRepairs) {
  ProfileColumns profile =
      DecodePprof(Join({Tables(), Sample({77, 1}, 5), Sample({2}, ~uint64_t{0}),
                        Nested(2, Number(1, 1)), testing::Location(1, {1}),
                        testing::Location(9, {8})}),
                  kLimits);
  EXPECT_EQ(profile.repairs[kLocationsRepaired], 1.0);
  EXPECT_EQ(profile.repairs[kNegativesRepaired], 1.0);
  EXPECT_EQ(profile.repairs[kValuesRepaired], 1.0);
  EXPECT_EQ(profile.repairs[kIdsRepaired], 1.0);
  EXPECT_EQ(profile.repairs[kFunctionsRepaired], 1.0);
}

PYROMETER_TEST(FindsIdsThatAreNotDense) {
  const uint64_t id = ~uint64_t{0};
  ProfileColumns profile = DecodePprof(
      Join({Tables(), testing::Location(id, {2}), Sample({id}, 5)}), kLimits);
  EXPECT_EQ(profile.repairs[kLocationsRepaired], 0.0);
  EXPECT_EQ(profile.sample_values[0], (std::vector<double>{5}));
}

PYROMETER_TEST(TellsSamplesApartByTheirLabels) {
  // By key and text, or key, number and unit.
  const ProfileColumns profile = DecodePprof(
      Join({Tables(), testing::LabelledSample({2, 1}, 5, {{1, 3, 0, 0}}),
            testing::LabelledSample({1}, 1, {{1, 3, 0, 0}}),
            testing::LabelledSample(
                {2, 1}, 3, {{4, 0, 512, 2}, {1, 3, 9, 9}, {1, 3, 0, 0}}),
            testing::LabelledSample({2, 1}, 2, {{0, 3, 0, 0}}),
            testing::LabelledSample({2, 1}, 4, {{1, 3, 0, 0}})}),
      kLimits);
  EXPECT_EQ(profile.labels.key, (Column{0, 1, 4}));
  EXPECT_EQ(profile.labels.text, (Column{0, 3, 0}));
  EXPECT_EQ(profile.labels.number, (std::vector<int64_t>{0, 0, 512}));
  EXPECT_EQ(profile.labels.unit, (Column{0, 0, 2}));
  EXPECT_EQ(profile.labels.set_prefix, (Column{0, 0, 1}));
  EXPECT_EQ(profile.labels.set_label, (Column{0, 1, 2}));
  EXPECT_EQ(profile.sample_values[0], (std::vector<double>{14, 1}));
  EXPECT_EQ(profile.labelled_sample, (Column{0, 1, 0}));
  EXPECT_EQ(profile.labelled_set, (Column{1, 1, 2}));
  EXPECT_EQ(profile.labelled_values[0], (std::vector<double>{9, 1, 3}));
  EXPECT_EQ(profile.repairs[kLabelsRepaired], 1.0);
  EXPECT_EQ(profile.repairs[kStringsRepaired], 1.0);
}

void ExpectThreadsChangeNothing(const Bytes& file, size_t call_paths) {
  constexpr size_t kNever = ~size_t{0};
  EXPECT_EQ(ProblemOf(file, {call_paths, 256, 0}),
            ProblemOf(file, {call_paths, 256, kNever}));
  if (!ProblemOf(file, {call_paths, 256, kNever}).empty()) return;
  const auto one = DecodePprof(file, {call_paths, 256, kNever});
  const auto many = DecodePprof(file, {call_paths, 256, 0});
  EXPECT_EQ(many.stack_prefix, one.stack_prefix);
  EXPECT_EQ(many.stack_location, one.stack_location);
  EXPECT_EQ(many.sample_stack, one.sample_stack);
  EXPECT_TRUE(many.sample_values == one.sample_values);
  EXPECT_TRUE(many.repairs == one.repairs);
  EXPECT_EQ(many.file_sample_count, one.file_sample_count);
  EXPECT_EQ(many.labels.key, one.labels.key);
  EXPECT_EQ(many.labels.set_prefix, one.labels.set_prefix);
  EXPECT_EQ(many.labels.set_label, one.labels.set_label);
  EXPECT_EQ(many.labelled_sample, one.labelled_sample);
  EXPECT_EQ(many.labelled_set, one.labelled_set);
  EXPECT_TRUE(many.labelled_values == one.labelled_values);
  EXPECT_EQ(many.nodes.parent, one.nodes.parent);
  EXPECT_EQ(many.nodes.function_index, one.nodes.function_index);
  EXPECT_EQ(many.nodes.node_of_stack, one.nodes.node_of_stack);
}

PYROMETER_TEST(ReadsAlikeOnOneThreadAndOnThree) {
  for (const Bytes& file : testing::SampleFiles()) {
    ExpectThreadsChangeNothing(file, 1'000'000);
  }
  // Many blocks of samples, some of which dangle, are negative or short.
  std::mt19937 random(97);
  Bytes file = Tables();
  for (int sample = 0; sample < 30'000; ++sample) {
    Bytes ids;
    for (size_t depth = random() % 12; depth > 0; --depth) {
      ids.push_back(random() % 500 == 0 ? 99 : 1 + random() % 2);
    }
    Bytes values{static_cast<uint8_t>(random() % 100)};
    if (random() % 500 == 0) values.push_back(1);
    const Bytes label =
        random() % 3 == 0
            ? Nested(3, Join({Number(1, 1), Number(3, random() % 20)}))
            : Bytes();
    const Bytes message =
        Nested(2, Join({Nested(1, ids), Nested(2, values), label}));
    file.insert(file.end(), message.begin(), message.end());
  }
  ExpectThreadsChangeNothing(file, 1'000'000);
  // Whichever step meets the limit, the others end as well.
  for (const size_t limit : {1, 100, 1'000}) {
    EXPECT_EQ(ProblemOf(file, {limit, 256, 0}), "too-many-call-paths");
  }
}

// How far decoding came until it was done or given up.
int32_t ThousandthsOf(const Bytes& file, size_t few_samples, bool give_up) {
  int32_t control[WorkWatch::kControlWords] = {give_up ? 1 : 0, 0};
  bool cancelled = false;
  try {
    DecodePprof(file, {1'000'000, 256, few_samples}, WorkWatch(control));
  } catch (const Cancelled&) {
    cancelled = true;
  }
  EXPECT_EQ(cancelled, give_up);
  return control[1];
}

PYROMETER_TEST(TellsHowFarItIsAndEndsWhenGivenUp) {
  Bytes file = Tables();
  for (int sample = 0; sample < 5'000; ++sample) {
    const Bytes message = Sample({2, 1}, 1);
    file.insert(file.end(), message.begin(), message.end());
  }
  for (const size_t few_samples : {size_t{0}, ~size_t{0}}) {
    EXPECT_TRUE(ThousandthsOf(file, few_samples, false) > 500);
    EXPECT_EQ(ThousandthsOf(file, few_samples, true), 0);
  }
}

// A small fuzzer that runs everywhere; the real one is fuzz_pprof.cc.
PYROMETER_TEST(StaysSoundOnMutatedFiles) {
  std::mt19937 random(97);
  const auto seeds = testing::SampleFiles();
  int readable = 0;
  for (int round = 0; round < 20'000; ++round) {
    Bytes file = seeds[random() % seeds.size()];
    for (int change = random() % 3; change >= 0; --change) {
      const size_t at = random() % file.size();
      switch (random() % 8) {
        default:
          file[at] = static_cast<uint8_t>(random());
          break;
        case 0:
          file.insert(file.begin() + at, static_cast<uint8_t>(random()));
          break;
        case 1:
          file.erase(file.begin() + at);
      }
      if (file.empty()) break;
    }
    readable += testing::IsReadableAndSound(file) ? 1 : 0;
  }
  EXPECT_TRUE(readable > 1'000);
}

}  // namespace
}  // namespace pyrometer
