#include "linux/terminal.h"

#include <gtest/gtest.h>

namespace whyoom::linux {
namespace {

Terminal a_terminal() {
  Terminal terminal;
  terminal.is_terminal = true;
  terminal.columns = 120;
  terminal.term = "xterm";
  return terminal;
}

TEST(Width, CommandLineThenColumnsThenTerminalThenDefault) {
  Terminal terminal = a_terminal();
  EXPECT_EQ(width(terminal, std::nullopt), 120U);
  terminal.columns_variable = "90";
  EXPECT_EQ(width(terminal, std::nullopt), 90U);
  EXPECT_EQ(width(terminal, 70), 70U);
  EXPECT_EQ(width(Terminal{}, std::nullopt), default_width);
}

TEST(Width, StaysWithinWhatCanBeShown) {
  Terminal terminal = a_terminal();
  terminal.columns = 10;
  EXPECT_EQ(width(terminal, std::nullopt), min_width);
  terminal.columns = 5000;
  EXPECT_EQ(width(terminal, std::nullopt), max_width);
}

TEST(Width, NonsenseInColumnsIsNotUsed) {
  Terminal terminal = a_terminal();
  for (const char* nonsense : {"0", "-5", "wide", "99999999999999999999"}) {
    terminal.columns_variable = nonsense;
    EXPECT_EQ(width(terminal, std::nullopt), 120U) << nonsense;
  }
}

TEST(Colour, OnlyOnATerminal) {
  EXPECT_TRUE(colour(a_terminal(), ColourChoice::automatic));
  EXPECT_FALSE(colour(Terminal{}, ColourChoice::automatic));
}

TEST(Colour, EnvironmentDecidesUnlessTheCommandLineDoes) {
  Terminal terminal = a_terminal();
  terminal.no_colour = "1";
  EXPECT_FALSE(colour(terminal, ColourChoice::automatic));
  EXPECT_TRUE(colour(terminal, ColourChoice::always));
  terminal = a_terminal();
  terminal.term = "dumb";
  EXPECT_FALSE(colour(terminal, ColourChoice::automatic));
  EXPECT_FALSE(colour(a_terminal(), ColourChoice::never));
}

TEST(Colour, CanBeForced) {
  Terminal pipe;
  pipe.force_colour = "1";
  EXPECT_TRUE(colour(pipe, ColourChoice::automatic));
  pipe.force_colour = "0";
  EXPECT_FALSE(colour(pipe, ColourChoice::automatic));
  pipe.force_colour = "1";
  pipe.no_colour = "1";
  EXPECT_FALSE(colour(pipe, ColourChoice::automatic));
}

}  // namespace
}  // namespace whyoom::linux
