#pragma once

// A test binary's few needs, without a framework to install.

#include <cstdint>
#include <functional>
#include <iostream>
#include <string>
#include <vector>

namespace pyrometer::testing {

struct Test {
  std::string name;
  std::function<void()> run;
};

inline std::vector<Test>& Tests() {
  static std::vector<Test> tests;
  return tests;
}

inline int& Failures() {
  static int failures = 0;
  return failures;
}

struct Registration {
  Registration(const char* name, void (*run)()) {
    Tests().push_back({name, run});
  }
};

inline void Fail(const char* file, int line, const std::string& what) {
  ++Failures();
  std::cerr << file << ":" << line << ": " << what << "\n";
}

template <typename T>
std::string Show(const T& value) {
  if constexpr (requires {
                  value.begin();
                  value.end();
                }) {
    std::string text = "[";
    for (const auto& item : value) {
      text += (text.size() > 1 ? ", " : "") + std::to_string(item);
    }
    return text + "]";
  } else if constexpr (std::is_convertible_v<T, std::string>) {
    return std::string(value);
  } else {
    return std::to_string(value);
  }
}

}  // namespace pyrometer::testing

#define PYROMETER_TEST(name)                                                 \
  static void name();                                                        \
  static const ::pyrometer::testing::Registration name##_registration(#name, \
                                                                      name); \
  static void name()

#define EXPECT_TRUE(condition) \
  if (!(condition))            \
  ::pyrometer::testing::Fail(__FILE__, __LINE__, "not so: " #condition)

#define EXPECT_EQ(actual, expected)                                 \
  do {                                                              \
    const auto actual_value = (actual);                             \
    const decltype(actual_value) expected_value = (expected);       \
    if (actual_value != expected_value) {                           \
      ::pyrometer::testing::Fail(                                   \
          __FILE__, __LINE__,                                       \
          std::string(#actual " is ") +                             \
              ::pyrometer::testing::Show(actual_value) + ", not " + \
              ::pyrometer::testing::Show(expected_value));          \
    }                                                               \
  } while (false)
