#include "core/upstream/balancer.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "core/base/check.h"
#include "core/upstream/hash_tables.h"

namespace sluice::core {
namespace {

double InSeconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

TimePoint AppearedAt(const Endpoint& endpoint) {
  return TimePoint(Duration(endpoint.state->appeared_at.load(std::memory_order_relaxed)));
}

std::uint32_t ActiveRequests(const Endpoint& endpoint) {
  return endpoint.state->active_requests.load(std::memory_order_relaxed);
}

bool Hashes(LbPolicy policy) { return policy == LbPolicy::kRingHash || policy == LbPolicy::kMaglev; }

bool UsesWeights(LbPolicy policy) { return policy == LbPolicy::kLeastRequest || policy == LbPolicy::kRoundRobin; }

// Orders the heap: std::*_heap keep the greatest in front, we want the earliest.
constexpr auto kLater = [](const auto& a, const auto& b) { return a.due != b.due ? a.due > b.due : a.order > b.order; };

}  // namespace

const Endpoint* Balancer::Pick(const PickContext& context) {
  RefreshIfChanged(context);
  if (usable_.empty()) {
    cluster_->state->counters.upstream_cx_none_healthy.fetch_add(1, std::memory_order_relaxed);
    return nullptr;
  }
  if (panic_) cluster_->state->counters.lb_healthy_panic.fetch_add(1, std::memory_order_relaxed);

  const bool hashes = Hashes(cluster_->load_balancer.policy);
  const std::uint64_t hash = !hashes ? 0 : context.hash ? *context.hash : context.random.Next();
  const Endpoint* chosen = nullptr;
  for (std::uint64_t attempt = 0; attempt <= kReselectionsMax; ++attempt) {
    chosen = Choose(context, hash, attempt);
    if (std::ranges::find(context.tried, chosen) == context.tried.end()) break;
  }
  return chosen;
}

void Balancer::RefreshIfChanged(const PickContext& context) {
  // Acquire pairs with the release of the ejection: the flag is at least as new as the epoch.
  const std::uint64_t epoch = cluster_->state->ejection_epoch.load(std::memory_order_acquire);
  const bool warmed_up = warm_until_ && context.now >= *warm_until_;
  if (epoch_ == epoch && !warmed_up) return;
  Refresh(epoch, context);
}

void Balancer::Refresh(std::uint64_t epoch, const PickContext& context) {
  const std::vector<Endpoint>& endpoints = cluster_->endpoints;
  if (!epoch_) turn_ = context.random.Next();  // workers do not march in step
  epoch_ = epoch;

  usable_.clear();
  usable_.reserve(endpoints.size());
  for (std::uint32_t i = 0; i < endpoints.size(); ++i) {
    if (!endpoints[i].state->ejected.load(std::memory_order_relaxed)) usable_.push_back(i);
  }
  const std::uint64_t threshold = cluster_->outlier ? cluster_->outlier->min_health_percent : 0;
  panic_ = !endpoints.empty() && 100 * usable_.size() < threshold * endpoints.size();
  if (panic_) {
    usable_.clear();
    for (std::uint32_t i = 0; i < endpoints.size(); ++i) usable_.push_back(i);
  }

  schedule_.clear();
  warm_until_.reset();
  if (usable_.empty() || !UsesWeights(cluster_->load_balancer.policy)) return;
  const Duration warmup = cluster_->load_balancer.warmup;
  bool equal = true;
  for (const std::uint32_t index : usable_) {
    const Endpoint& endpoint = endpoints[index];
    equal = equal && endpoint.weight == endpoints[usable_.front()].weight;
    if (warmup <= Duration::zero()) continue;
    const TimePoint done = AppearedAt(endpoint) + warmup;
    if (done > context.now) warm_until_ = std::max(warm_until_.value_or(done), done);
  }
  if (equal && !warm_until_) return;
  for (const std::uint32_t index : usable_) {
    // A random phase: the state of a schedule that has been running, so that workers do not march in step either.
    const double due = context.random.Fraction() / WeightNow(endpoints[index], context.now);
    schedule_.push_back({due, order_++, index});
  }
  std::ranges::make_heap(schedule_, kLater);
}

const Endpoint* Balancer::Choose(const PickContext& context, std::uint64_t hash, std::uint64_t attempt) {
  const std::vector<Endpoint>& endpoints = cluster_->endpoints;
  switch (cluster_->load_balancer.policy) {
    case LbPolicy::kLeastRequest:
      return &endpoints[schedule_.empty() ? LeastRequest(context.random) : Scheduler(context.now)];
    case LbPolicy::kRoundRobin: return &endpoints[schedule_.empty() ? RoundRobin() : Scheduler(context.now)];
    case LbPolicy::kRandom: return &endpoints[usable_[context.random.Below(usable_.size())]];
    case LbPolicy::kRingHash: return Ring(hash, attempt);
    case LbPolicy::kMaglev: return Maglev(hash, attempt);
  }
  return &endpoints[usable_.front()];
}

std::uint32_t Balancer::LeastRequest(Random& random) const {
  if (usable_.size() == 1) return usable_.front();
  // With replacement: both draws may name the same host.
  const std::uint32_t first = usable_[random.Below(usable_.size())];
  const std::uint32_t second = usable_[random.Below(usable_.size())];
  const bool second_is_idler = ActiveRequests(cluster_->endpoints[second]) < ActiveRequests(cluster_->endpoints[first]);
  return second_is_idler ? second : first;
}

std::uint32_t Balancer::RoundRobin() { return usable_[turn_++ % usable_.size()]; }

std::uint32_t Balancer::Scheduler(TimePoint now) {
  std::ranges::pop_heap(schedule_, kLater);
  Scheduled& next = schedule_.back();
  const std::uint32_t chosen = next.endpoint;
  next.due += 1 / WeightNow(cluster_->endpoints[chosen], now);
  next.order = order_++;
  std::ranges::push_heap(schedule_, kLater);
  return chosen;
}

double Balancer::WeightNow(const Endpoint& endpoint, TimePoint now) const {
  const LoadBalancerPolicy& policy = cluster_->load_balancer;
  double weight = endpoint.weight;
  if (policy.policy == LbPolicy::kLeastRequest) weight /= ActiveRequests(endpoint) + 1.0;
  if (policy.warmup <= Duration::zero()) return weight;
  const Duration age = now - AppearedAt(endpoint);
  if (age >= policy.warmup) return weight;
  const double progress = std::min(std::max(InSeconds(age), 1.0) / InSeconds(policy.warmup), 1.0);
  const double grown = policy.warmup_aggression == 1.0 ? progress : std::pow(progress, 1 / policy.warmup_aggression);
  // Never zero, or the host would not come up again in the schedule.
  return weight * std::max({grown, policy.warmup_minimum_percent / 100, 1e-6});
}

bool Balancer::Usable(const Endpoint& endpoint) const {
  return panic_ || !endpoint.state->ejected.load(std::memory_order_relaxed);
}

// Entries of ejected hosts are stepped over: their keys go to the next host clockwise, all others stay where they are.
const Endpoint* Balancer::Ring(std::uint64_t hash, std::uint64_t attempt) const {
  CHECK(cluster_->hash_tables != nullptr);
  const std::vector<HashTables::RingEntry>& ring = cluster_->hash_tables->ring;
  const auto entry = std::ranges::lower_bound(ring, hash, {}, &HashTables::RingEntry::hash);
  std::size_t at = static_cast<std::size_t>(entry - ring.begin()) + static_cast<std::size_t>(attempt);
  for (std::size_t step = 0; step < ring.size(); ++step, ++at) {
    const Endpoint& endpoint = cluster_->endpoints[ring[at % ring.size()].endpoint];
    if (Usable(endpoint)) return &endpoint;
  }
  return &cluster_->endpoints[usable_.front()];
}

const Endpoint* Balancer::Maglev(std::uint64_t hash, std::uint64_t attempt) const {
  CHECK(cluster_->hash_tables != nullptr);
  const std::vector<std::uint32_t>& table = cluster_->hash_tables->maglev;
  // A new selection looks somewhere else entirely, the same place for the same attempt.
  if (attempt > 0) hash ^= ~std::uint64_t{0} - attempt + 1;
  std::size_t at = hash % table.size();
  for (std::size_t step = 0; step < table.size(); ++step, ++at) {
    const Endpoint& endpoint = cluster_->endpoints[table[at % table.size()]];
    if (Usable(endpoint)) return &endpoint;
  }
  return &cluster_->endpoints[usable_.front()];
}

}  // namespace sluice::core
