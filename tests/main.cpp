// main() of the test programs: Catch2's own. Compiled once, because nothing else in the tests costs as much.
#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
