#include "bench/stub/stub_server.h"

#include "bench/stub/stub_connection.h"

namespace sluice::bench {
namespace {

namespace asio = boost::asio;

}  // namespace

StubServer::StubServer(asio::io_context& io, const asio::ip::tcp::endpoint& address, Behaviour behaviour,
                       std::uint64_t seed)
    : io_(io), acceptor_(io, address), behaviour_(std::move(behaviour)), answers_(behaviour_), random_(seed) {
  Accept();
}

StubServer::~StubServer() = default;

void StubServer::Close() {
  boost::system::error_code ignored;
  acceptor_.close(ignored);
  for (const auto& connection : connections_) connection->Close();
}

Reply StubServer::Receive(const MessageReader& request) {
  const Reply reply = Decide(behaviour_, request, random_);
  tally_.Count(request, reply);
  return reply;
}

Page StubServer::OwnPage(const MessageReader& request) {
  std::string_view target = request.target();
  const auto question = target.find('?');
  const std::string_view query = question == std::string_view::npos ? "" : target.substr(question + 1);
  const std::string_view page = target.substr(0, question);
  if (page == "/__stub/stats") return {.body = tally_.Json(behaviour_.version) + "\n"};
  if (page == "/__stub/reset" && request.method() == "POST") {
    tally_.Clear();
    return {};
  }
  if (page == "/__stub/config" && request.method() == "POST") {
    if (const auto set = SetAll(behaviour_, query); !set) return {400, set.error().Text() + "\n"};
    answers_.Rewrite(behaviour_);
    return {};
  }
  return {404, "{\"error\":\"no such page\"}\n"};
}

void StubServer::Remove(StubConnection& connection) {
  tally_.Closed();
  connections_.erase(connection.self);
}

void StubServer::Accept() {
  acceptor_.async_accept(io_.get_executor(), [this](boost::system::error_code error, StubSocket socket) {
    if (!acceptor_.is_open()) return;
    if (!error) {
      tally_.Opened();
      connections_.push_back(std::make_unique<StubConnection>(*this, std::move(socket)));
      connections_.back()->self = std::prev(connections_.end());
      connections_.back()->Start();
    }
    Accept();
  });
}

}  // namespace sluice::bench
