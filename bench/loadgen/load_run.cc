#include "bench/loadgen/load_run.h"

#include <netdb.h>

#include <algorithm>
#include <cstring>

namespace sluice::bench {

core::Result<std::vector<Endpoint>> LoadRun::Resolve(const std::string& host, const std::string& port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int error = getaddrinfo(host.c_str(), port.c_str(), &hints, &found); error != 0) {
    return core::Fail(core::ErrorCode::kUnavailable, "cannot resolve " + host + ": " + gai_strerror(error));
  }
  std::vector<Endpoint> peers;
  for (const addrinfo* info = found; info != nullptr; info = info->ai_next) {
    Endpoint peer;
    std::memcpy(&peer.address, info->ai_addr, info->ai_addrlen);
    peer.size = info->ai_addrlen;
    peers.push_back(peer);
  }
  freeaddrinfo(found);
  return peers;
}

LoadRun::LoadRun(std::vector<Endpoint> peers, LoadOptions options, const RequestMix& mix, std::optional<TlsClient> tls)
    : tls_(std::move(tls)) {
  plan_.options = std::move(options);
  plan_.mix = &mix;
  plan_.peers = std::move(peers);
  plan_.tls = tls_ ? &*tls_ : nullptr;
}

LoadRun::~LoadRun() {
  Stop();
  for (std::thread& thread : running_) thread.join();
}

void LoadRun::Start() {
  const std::uint32_t count = std::max(1U, std::min(plan_.options.threads, plan_.options.connections));
  plan_.start = LoadClock::now();
  for (std::uint32_t i = 0; i < count; ++i) threads_.push_back(std::make_unique<LoadThread>(plan_, i, count, stop_));
  left_ = count;
  for (const auto& thread : threads_) {
    running_.emplace_back([this, &thread = *thread] {
      thread.Run();
      const std::lock_guard lock(mutex_);
      if (--left_ == 0) over_.notify_all();
    });
  }
}

bool LoadRun::Wait(std::chrono::milliseconds at_most) {
  if (finished_) return true;
  std::unique_lock lock(mutex_);
  if (!over_.wait_for(lock, at_most, [this] { return left_ == 0; })) return false;
  lock.unlock();
  Finish();
  return true;
}

void LoadRun::Finish() {
  for (std::thread& thread : running_) thread.join();
  running_.clear();
  finished_ = true;
  report_.NameKinds(plan_.mix->KindNames());
  std::uint64_t not_sent = 0;
  auto ended = plan_.start + plan_.options.warm_up;
  for (const auto& thread : threads_) {
    report_.Merge(thread->report());
    not_sent += thread->not_sent();
    ended = std::max(ended, thread->ended());
  }
  report_.Finish(ended - plan_.start - plan_.options.warm_up, not_sent);
}

void LoadRun::AddLive(LiveCounts::Sum& sum) const {
  for (const auto& thread : threads_) thread->report().live().AddTo(sum);
}

bool LoadRun::reached() const {
  return std::ranges::any_of(threads_, [](const auto& thread) { return thread->reached(); });
}

std::string LoadRun::trouble() const {
  for (const auto& thread : threads_) {
    if (!thread->trouble().empty()) return thread->trouble();
  }
  return {};
}

}  // namespace sluice::bench
