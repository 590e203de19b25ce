#include "core/http/upgrade.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sluice::core {
namespace {

TEST(Upgrade, ReadsTheProtocolThatIsAskedFor) {
  const struct {
    std::vector<std::string> fields;
    std::string_view read;
  } rows[] = {
      {{"websocket"}, "websocket"},
      {{"WebSocket"}, "websocket"},
      {{"foo/2, websocket"}, "websocket"},
      {{"foo/2"}, "foo/2"},
      {{"SPDY/3.1"}, "spdy/3.1"},
      {{"foo", "websocket"}, "websocket"},
      {{"h2c"}, ""},
      {{"H2C, websocket"}, "websocket"},
      {{"HTTP/2.0"}, ""},
      {{"h2c, foo"}, "foo"},
      {{""}, ""},
      {{"a b"}, ""},
      {{"foo/"}, ""},
      {{}, ""},
  };
  for (const auto& row : rows) {
    Arena arena;
    HeaderMap fields(arena);
    for (const std::string& value : row.fields) fields.AddCopy("upgrade", value);
    EXPECT_EQ(ReadUpgrade(fields), row.read) << (row.fields.empty() ? "none" : row.fields.front());
  }
}

}  // namespace
}  // namespace sluice::core
