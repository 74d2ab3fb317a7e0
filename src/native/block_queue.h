#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

namespace pyrometer {

// Blocks of work on their way from one thread to another, in their order, at
// most kMost of them: a fast producer waits.
template <typename Block>
class BlockQueue {
 public:
  // Waits for room. False when nobody will take it any more.
  bool Push(Block block) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return blocks_.size() < kMost || abandoned_; });
    if (abandoned_) return false;
    blocks_.push_back(std::move(block));
    changed_.notify_all();
    return true;
  }

  // Waits for a block. Nothing when all were taken and no more will come.
  std::optional<Block> Pop() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock,
                  [&] { return !blocks_.empty() || finished_ || abandoned_; });
    if (blocks_.empty() || abandoned_) return std::nullopt;
    std::optional<Block> block(std::move(blocks_.front()));
    blocks_.pop_front();
    changed_.notify_all();
    return block;
  }

  // The producer has no more.
  void Finish() {
    const std::lock_guard lock(mutex_);
    finished_ = true;
    changed_.notify_all();
  }

  // Neither side goes on: one of them failed.
  void Abandon() {
    const std::lock_guard lock(mutex_);
    abandoned_ = true;
    changed_.notify_all();
  }

 private:
  static constexpr size_t kMost = 8;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Block> blocks_;
  bool finished_ = false;
  bool abandoned_ = false;
};

// Work on a thread of its own. An exception ends it, tells the others by
// `on_failure`, and is thrown again by Join.
class Worker {
 public:
  Worker(std::function<void()> work, std::function<void()> on_failure)
      : thread_([this, work = std::move(work),
                 on_failure = std::move(on_failure)] {
          try {
            work();
          } catch (...) {
            failure_ = std::current_exception();
            on_failure();
          }
        }) {}
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  ~Worker() {
    if (thread_.joinable()) thread_.join();
  }

  void Join() {
    thread_.join();
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  std::exception_ptr failure_;
  // Last: it runs as soon as it is made.
  std::thread thread_;
};

}  // namespace pyrometer
