#include "app/memory.hpp"

#include <cstdlib>
#include <link.h>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

namespace kepu::app {
namespace {

// glibc raises both by itself as large blocks are freed, up to 64 MB for each thread, and malloc_trim() leaves what
// lies at the end of a thread's own arena.
constexpr int most_kept_at_end = 2 << 20; // an answer of some thousand rows is made without asking the kernel
constexpr int large_block = 4 << 20;      // is not of an arena
// Of parts one after the other each takes what the one before has freed; to give it back between them costs a tenth of
// the time of a run.
constexpr int most_kept_at_work = 32 << 20;
// So much freed at once makes glibc look at the end of the thread's arena.
constexpr size_t enough_to_look = 128 << 10;

void keep(int at_end, int of_block) {
  ::mallopt(M_TRIM_THRESHOLD, at_end);
  ::mallopt(M_MMAP_THRESHOLD, of_block);
}

// Pages of code are the file's; who runs them maps them again.
int let_code_go(dl_phdr_info* object, size_t, void*) {
  const auto page = static_cast<ElfW(Addr)>(::sysconf(_SC_PAGESIZE));
  for (int i = 0; i < object->dlpi_phnum; ++i) {
    const auto& part = object->dlpi_phdr[i];
    if (part.p_type != PT_LOAD || (part.p_flags & (PF_X | PF_W)) != PF_X) continue;
    const auto from = (object->dlpi_addr + part.p_vaddr) / page * page;
    const auto to = object->dlpi_addr + part.p_vaddr + part.p_memsz;
    (void)::madvise(reinterpret_cast<void*>(from), to - from, MADV_DONTNEED); // not of the kernel's own object
  }
  return 0;
}

} // namespace

void keep_little_memory() { keep(most_kept_at_end, large_block); }

void keep_memory_for_work() { keep(most_kept_at_work, most_kept_at_work); }

void give_memory_back() {
  keep(0, large_block);
  void* volatile looked = std::malloc(enough_to_look); // volatile: it is not left out
  std::free(looked);
  keep_little_memory();
  ::malloc_trim(0);
  ::dl_iterate_phdr(let_code_go, nullptr);
}

} // namespace kepu::app
