#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace pyrometer {

// Thrown where work ended because nobody waits for it.
struct Cancelled {};

// Long work seen from another thread: it asks here whether anybody still waits
// for it, and says how far it has come. Without a control block it does
// neither.
class WorkWatch {
 public:
  // What both threads share, as two words: the first is set to anything but 0
  // by who gives up, the second holds thousandths of the work that are done.
  static constexpr size_t kControlWords = 2;
  // Work looks up after so many small steps: often enough to end within
  // milliseconds, too rarely to be felt.
  static constexpr size_t kStepsBetweenLooks = size_t{1} << 16;

  WorkWatch() = default;
  explicit WorkWatch(int32_t* control) : control_(control) {}

  // A part of this work: its thousandths are those from `begin` to `end` of
  // the whole.
  WorkWatch Part(int32_t begin, int32_t end) const {
    WorkWatch part(control_);
    part.begin_ = begin_ + begin * (end_ - begin_) / 1000;
    part.end_ = begin_ + end * (end_ - begin_) / 1000;
    return part;
  }

  // Throws Cancelled when nobody waits any more.
  void Look() const {
    if (control_ != nullptr &&
        std::atomic_ref<int32_t>(control_[0]).load(
            std::memory_order_relaxed) != 0) {
      throw Cancelled{};
    }
  }

  // Looks, and says that `done` of `all` is done.
  void Report(size_t done, size_t all) const {
    if (control_ == nullptr) return;
    Look();
    const double share =
        all == 0 ? 1.0 : static_cast<double>(done) / static_cast<double>(all);
    std::atomic_ref<int32_t>(control_[1])
        .store(begin_ + static_cast<int32_t>(share * (end_ - begin_)),
               std::memory_order_relaxed);
  }

  // Looks now and then: of a loop's steps, at every kStepsBetweenLooks-th.
  void LookAt(size_t step) const {
    if (step % kStepsBetweenLooks == 0) Look();
  }

  // Reports now and then: of a loop's steps, every kStepsBetweenLooks-th.
  void Step(size_t done, size_t all) const {
    if (done % kStepsBetweenLooks == 0) Report(done, all);
  }

 private:
  int32_t* control_ = nullptr;
  int32_t begin_ = 0;
  int32_t end_ = 1000;
};

}  // namespace pyrometer
