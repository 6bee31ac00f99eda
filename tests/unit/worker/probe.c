/* A connector that does what its setting `act` says, for tests of the worker. */
#include <kepu/connector.h>

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <iconv.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static const kepu_host* host;
static char act[64];
static char folder[512]; /* of the test: input/ may be read, work/ written, state/ neither */
static int64_t number;

static kepu_str str(const char* text) {
  const kepu_str out = {text, strlen(text)};
  return out;
}

/* ---- reports ---- */

static void report(const char* what, int failed) {
  char line[700];
  snprintf(line, sizeof line, "%s: %s", what, failed ? strerrorname_np(errno) : "done");
  host->log(host->ctx, KEPU_INFO, str(line));
}

static const char* in_folder(const char* name) {
  static char paths[4][700];
  static int next;
  char* path = paths[next++ % 4];
  snprintf(path, sizeof paths[0], "%s/%s", folder, name);
  return path;
}

static void try_to_read(const char* what, const char* path) {
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  char byte;
  report(what, fd < 0 || read(fd, &byte, 1) < 0);
  if (fd >= 0) close(fd);
}

static void try_to_list(const char* what, const char* path) {
  DIR* listed = opendir(path);
  report(what, !listed);
  if (listed) closedir(listed);
}

static void try_to_write(const char* what, const char* path, int flags) {
  const int fd = open(path, O_WRONLY | O_CLOEXEC | flags, 0600);
  report(what, fd < 0 || write(fd, "x", 1) != 1);
  if (fd >= 0) close(fd);
}

static void* return_at_once(void* nothing) { return nothing; }

static int run_program(char* const* words) {
  pid_t child;
  char* const environment[] = {NULL};
  const int error = posix_spawn(&child, words[0], NULL, NULL, words, environment);
  if (error) {
    errno = error;
    return -1;
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

static void files(void) {
  try_to_read("read /etc/passwd", "/etc/passwd");
  try_to_read("read /etc/shadow", "/etc/shadow");
  try_to_read("read state", in_folder("state/secret"));
  try_to_list("list state", in_folder("state"));
  try_to_list("list root", "/");
  try_to_read("read input", in_folder("input/file"));
  try_to_list("list input", in_folder("input"));
  try_to_write("write input", in_folder("input/file"), 0);
  try_to_write("create in input", in_folder("input/new"), O_CREAT);
  try_to_write("create in work", in_folder("work/new"), O_CREAT);
  report("mkdir in work", mkdir(in_folder("work/done"), 0700));
  report("rename in work", rename(in_folder("work/new"), in_folder("work/done/new")));
  report("rename out of work", rename(in_folder("work/done/new"), in_folder("state/new")));
  report("link state into work", link(in_folder("state/secret"), in_folder("work/secret")));
  report("symlink in work", symlink("/etc/passwd", in_folder("work/link")));
  report("truncate state", truncate(in_folder("state/secret"), 0));
  report("unlink in work", unlink(in_folder("work/done/new")));
  report("unlink state", unlink(in_folder("state/secret")));
  try_to_write("write state", in_folder("state/secret"), O_APPEND);
  report("chmod state", chmod(in_folder("state/secret"), 0777));
  report("chown state", chown(in_folder("state/secret"), 1, 1));
  try_to_write("write /dev/null", "/dev/null", 0);
  try_to_read("read /dev/urandom", "/dev/urandom");
  try_to_read("read zone", "/usr/share/zoneinfo/Asia/Shanghai");
  try_to_list("list /etc/ssl", "/etc/ssl");
  const iconv_t gb18030 = iconv_open("UTF-8", "GB18030");
  report("iconv", gb18030 == (iconv_t)-1);
  if (gb18030 != (iconv_t)-1) iconv_close(gb18030);
  char parents[64];
  snprintf(parents, sizeof parents, "/proc/%d/environ", getppid());
  try_to_read("read parent's environment", parents);
}

static void network(void) {
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  report("internet socket", fd < 0);
  struct sockaddr_in loopback = {.sin_family = AF_INET, .sin_port = htons((uint16_t)number)};
  loopback.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  report("connect to loopback", connect(fd, (struct sockaddr*)&loopback, sizeof loopback));
  close(fd);
  report("internet 6 socket", (fd = socket(AF_INET6, SOCK_DGRAM, 0)) < 0);
  close(fd);
  report("local socket", socket(AF_UNIX, SOCK_STREAM, 0) < 0);
  report("raw packets", socket(AF_PACKET, SOCK_RAW, 0) < 0);
  report("kernel socket", socket(AF_NETLINK, SOCK_RAW, 0) < 0);
  /* The kernel looks at the low half of an int alone; the filter must not be fooled by the other. */
  report("local socket in disguise", syscall(SYS_socket, (1l << 32) | AF_UNIX, SOCK_STREAM, 0) < 0);
  int pair[2];
  report("socketpair", socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
}

static void processes(void) {
  const pid_t parent = getppid();
  pid_t child = fork();
  if (child == 0) _exit(0);
  report("fork", child < 0);
  char* const words[] = {"/bin/true", NULL};
  report("start a program", run_program(words) != 0);
  pthread_t thread;
  errno = pthread_create(&thread, NULL, return_at_once, NULL);
  report("thread", errno);
  if (!errno) pthread_join(thread, NULL);
  report("signal to itself", kill(getpid(), 0));
  report("signal to parent", kill(parent, 0));
  report("signal to group of parent", kill(-parent, 0));
  report("signal to all", kill(-1, SIGCONT));
  report("thread signal to parent", (int)syscall(SYS_tgkill, parent, parent, 0));
  report("trace parent", (int)ptrace(PTRACE_ATTACH, parent, NULL, NULL));
  char bytes[8];
  struct iovec here = {bytes, sizeof bytes};
  struct iovec there = {(void*)bytes, sizeof bytes};
  report("read parent's memory", process_vm_readv(parent, &here, 1, &there, 1, 0) < 0);
  struct rlimit few = {1, 1};
  report("limit parent", prlimit(parent, RLIMIT_NOFILE, &few, NULL));
  struct rlimit many = {RLIM_INFINITY, RLIM_INFINITY};
  report("raise limit", setrlimit(RLIMIT_CORE, &many));
  report("leave group", setpgid(0, 0));
  report("new session", setsid() < 0);
  report("namespace", unshare(0x10000000 /* CLONE_NEWUSER */));
  report("outlive parent", prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0));
  report("be dumpable", prctl(PR_SET_DUMPABLE, 1, 0, 0, 0));
  report("another user", setuid(1));
  report("io_uring", (int)syscall(SYS_io_uring_setup, 1, NULL));
}

static void descriptors(void) {
  char byte;
  report("read stray descriptor", read((int)number, &byte, 1) != 1);
  const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  report("close the daemon's socket", close(3));
  report("replace the daemon's socket", dup2(null, 3) < 0);
  report("close the cancel descriptor", close(host->cancel_fd(host->ctx)));
  report("close all descriptors", (int)close_range(3, ~0u, 0));
  report("close its own descriptor", close(null));
}

/* ---- rows ---- */

static int32_t emit_rows(uint64_t first, size_t count) {
  enum { fields = 3, most = 500 };
  static kepu_cell cells[most * fields];
  static uint64_t places[most];
  static char ids[most][24];
  for (size_t i = 0; i < count; ++i) {
    kepu_cell* row = cells + i * fields;
    memset(row, 0, fields * sizeof *row);
    places[i] = first + i;
    snprintf(ids[i], sizeof ids[i], "e-%llu", (unsigned long long)places[i]);
    row[0].type = KEPU_TEXT;
    row[0].size = (uint32_t)strlen(ids[i]);
    row[0].value.text = ids[i];
    row[1].type = KEPU_TIMESTAMP;
    row[1].value.integer = (int64_t)places[i];
    row[2].type = KEPU_TEXT;
    row[2].value.text = "三号闸机";
    row[2].size = (uint32_t)strlen(row[2].value.text);
  }
  return host->emit(host->ctx, 0, cells, count, places);
}

static int32_t rows(void) {
  for (int64_t done = 0; done < number; done += 500)
    if (emit_rows((uint64_t)done + 1, number - done < 500 ? (size_t)(number - done) : 500) != KEPU_OK)
      return KEPU_RUN_CANCELLED;
  return host->commit(host->ctx, str("all"), NULL) == KEPU_OK ? KEPU_RUN_OK : KEPU_RUN_RETRY;
}

/* One part, waited for; says in its text how that went and which cursor the hub keeps. */
static int32_t durable(void) {
  uint64_t part = 0;
  emit_rows(1, 1);
  host->commit(host->ctx, str("after one"), &part);
  const int32_t status = host->wait_durable(host->ctx, part);
  const kepu_str cursor = host->cursor(host->ctx);
  char text[200];
  snprintf(text, sizeof text, "status %d, cursor %.*s", status, (int)cursor.size, cursor.data);
  host->explain(host->ctx, str(text));
  return KEPU_RUN_OK;
}

/* Emits until it is told to end, then commits what it read. */
static int32_t stream(void) {
  uint64_t emitted = 0;
  struct pollfd cancelled = {host->cancel_fd(host->ctx), POLLIN, 0};
  while (poll(&cancelled, 1, 1) == 0) {
    emit_rows(++emitted, 1);
    if (emitted == 10) host->commit(host->ctx, str("ten"), NULL);
  }
  const int32_t late = emit_rows(++emitted, 1);
  const int32_t committed = host->commit(host->ctx, str("the rest"), NULL);
  char text[200];
  snprintf(text, sizeof text, "cancelled %d, emit %d, commit %d", host->is_cancelled(host->ctx), late, committed);
  host->explain(host->ctx, str(text));
  return KEPU_RUN_CANCELLED;
}

static int32_t input(void) {
  kepu_input file = {sizeof(kepu_input), 0, str("三月.csv"), 4711, {1, 2, 3}};
  kepu_input_answer answer;
  memset(&answer, 0, sizeof answer);
  answer.struct_size = sizeof answer;
  const int32_t asked = host->begin_input(host->ctx, &file, &answer);
  char text[200];
  snprintf(text, sizeof text, "status %d, decision %d, previous %u of %llu bytes", asked, answer.decision,
           answer.has_previous, (unsigned long long)answer.previous_size);
  host->explain(host->ctx, str(text));
  if (asked == KEPU_OK && answer.decision == KEPU_TAKE) {
    emit_rows(2, 3);
    host->reject(host->ctx, 5, str("ts"), str("bad_time"), str("no time"));
    host->end_input(host->ctx);
    host->commit(host->ctx, str("read"), NULL);
  }
  return KEPU_RUN_OK;
}

static int32_t replace(void) {
  kepu_scope scope = {sizeof(kepu_scope), 0, 10, 20, NULL, NULL, 0};
  host->begin_replace(host->ctx, 0, &scope);
  emit_rows(11, 2);
  struct pollfd cancelled = {host->cancel_fd(host->ctx), POLLIN, 0};
  if (number) poll(&cancelled, 1, -1);
  const int32_t ended = host->end_replace(host->ctx);
  const int32_t committed = ended == KEPU_OK || number ? host->commit(host->ctx, str("replaced"), NULL) : -1;
  char text[200];
  snprintf(text, sizeof text, "end %d, commit %s", ended, committed == KEPU_OK ? "taken" : "refused");
  host->explain(host->ctx, str(text));
  return number ? KEPU_RUN_CANCELLED : KEPU_RUN_OK;
}

/* Says so, then turns for ever. */
static void hang(void) {
  volatile int forever = 1;
  host->log(host->ctx, KEPU_INFO, str("hanging"));
  while (forever) {
  }
}

static int32_t run(void* self) {
  (void)self;
  if (strcmp(act, "rows") == 0) return rows();
  if (strcmp(act, "durable") == 0) return durable();
  if (strcmp(act, "stream") == 0) return stream();
  if (strcmp(act, "input") == 0) return input();
  if (strcmp(act, "replace") == 0) return replace();
  if (strcmp(act, "hang") == 0) hang();
  if (strcmp(act, "files") == 0) files();
  if (strcmp(act, "network") == 0) network();
  if (strcmp(act, "processes") == 0) processes();
  if (strcmp(act, "descriptors") == 0) descriptors();
  return KEPU_RUN_OK;
}

/* ---- descriptor ---- */

static void destroy(void* self) { (void)self; }

static void copy(char* to, size_t size, kepu_str from) {
  if (from.size < size) memcpy(to, from.data, from.size);
}

static int32_t create(const kepu_host* given, const kepu_settings* settings, kepu_connector* out) {
  host = given;
  for (size_t i = 0; i < settings->count; ++i) {
    const kepu_setting* setting = settings->items[i];
    const kepu_str key = setting->key;
    if (key.size == 3 && memcmp(key.data, "act", 3) == 0) copy(act, sizeof act, setting->text);
    if (key.size == 6 && memcmp(key.data, "folder", 6) == 0) copy(folder, sizeof folder, setting->text);
    if (key.size == 6 && memcmp(key.data, "number", 6) == 0) number = setting->integer;
  }
  out->self = NULL;
  out->discover = NULL;
  out->run = run;
  out->destroy = destroy;
  return KEPU_RUN_OK;
}

static const kepu_field id_field = {sizeof(kepu_field), KEPU_ROLE_KEY, "id", KEPU_TEXT, 0, NULL, NULL, 1};
static const kepu_field ts_field = {sizeof(kepu_field), KEPU_ROLE_TIME, "ts", KEPU_TIMESTAMP, 0, NULL, NULL, 1};
static const kepu_field gate_field = {sizeof(kepu_field), 0, "gate", KEPU_TEXT, 0, NULL, NULL, 0};
static const kepu_field* const fields[] = {&id_field, &ts_field, &gate_field};
static const kepu_dataset events = {sizeof(kepu_dataset), 1, "events", fields, 3};
static const kepu_dataset* const datasets[] = {&events};
static const kepu_setting_spec act_spec = {
    sizeof(kepu_setting_spec), KEPU_SETTING_TEXT, "act", 1, NULL, "What to do", NULL, NULL};
static const kepu_setting_spec folder_spec = {
    sizeof(kepu_setting_spec), KEPU_SETTING_TEXT, "folder", 0, NULL, "Folder of the test", NULL, NULL};
static const kepu_setting_spec number_spec = {
    sizeof(kepu_setting_spec), KEPU_SETTING_INTEGER, "number", 0, "0", "Of rows, or a port", NULL, NULL};
static const kepu_setting_spec* const specs[] = {&act_spec, &folder_spec, &number_spec};
static const kepu_descriptor descriptor = {sizeof(kepu_descriptor),
                                           KEPU_SCHEDULED,
                                           "probe",
                                           "1.0.0",
                                           "Probe",
                                           "探针",
                                           "Tests",
                                           KEPU_NEED_NETWORK | KEPU_NEED_EXEC,
                                           0,
                                           specs,
                                           3,
                                           datasets,
                                           1};
extern KEPU_EXPORT const kepu_entry kepu_connector_entry;
const kepu_entry kepu_connector_entry = {sizeof(kepu_entry), KEPU_ABI_MAJOR, KEPU_ABI_MINOR, &descriptor, create};
