// Boost.JSON, compiled once for these tests: an independent reader of what we write.
#include <boost/json/src.hpp>
