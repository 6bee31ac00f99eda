// What the process keeps of memory that it does not use. Any thread.
#pragma once

namespace kepu::app {

// Once, before there are threads: what a thread freed goes back by itself where it is much.
void keep_little_memory();
// At idle moments: all that is free goes back, and code is no longer held that is not run.
void give_memory_back();

} // namespace kepu::app
