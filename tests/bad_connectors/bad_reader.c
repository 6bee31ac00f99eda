/* Reads what is not its own: /etc/passwd, /etc/shadow, the store (setting `store`), and knocks at loopback. All
 * denied by the fence; the run's text says what was not. */
#include "connector.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static char store[4096];
static char reached[8192];

static void note(const char* what) {
  if (reached[0]) strncat(reached, ", ", sizeof reached - strlen(reached) - 1);
  strncat(reached, what, sizeof reached - strlen(reached) - 1);
}

static void try_to_open(const char* path) {
  if (!path[0]) return;
  const int fd = open(path, O_RDONLY);
  if (fd < 0) return;
  note(path);
  close(fd);
}

static int32_t run(void* self) {
  (void)self;
  try_to_open("/etc/passwd");
  try_to_open("/etc/shadow");
  try_to_open(store);
  if (store[0]) {
    const int fd = open(store, O_WRONLY | O_APPEND);
    if (fd >= 0) note("the store, for writing");
  }
  const int connection = socket(AF_INET, SOCK_STREAM, 0);
  if (connection >= 0) {
    struct sockaddr_in loopback = {.sin_family = AF_INET, .sin_port = htons(8080)};
    loopback.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(connection, (struct sockaddr*)&loopback, sizeof loopback) == 0) note("loopback");
  }
  if (!reached[0]) return KEPU_RUN_OK;
  host->explain(host->ctx, str(reached));
  return KEPU_RUN_BUG;
}

static int32_t create_with_store(const kepu_host* given, const kepu_settings* settings, kepu_connector* out) {
  for (size_t i = 0; i < settings->count; ++i) {
    const kepu_setting* setting = settings->items[i];
    if (setting->key.size == 5 && memcmp(setting->key.data, "store", 5) == 0 && setting->text.size < sizeof store)
      memcpy(store, setting->text.data, setting->text.size);
  }
  return create(given, settings, out);
}

static const kepu_setting_spec store_spec = {
    sizeof(kepu_setting_spec), KEPU_SETTING_TEXT, "store", 0, NULL, "File that it tries to read", NULL, NULL};
static const kepu_setting_spec* const specs[] = {&store_spec};
static const kepu_descriptor descriptor = {sizeof(kepu_descriptor),
                                           KEPU_SCHEDULED,
                                           "bad_reader",
                                           "1.0.0",
                                           "Pries",
                                           NULL,
                                           "Tests",
                                           0,
                                           0,
                                           specs,
                                           1,
                                           datasets,
                                           1};
extern KEPU_EXPORT const kepu_entry kepu_connector_entry;
const kepu_entry kepu_connector_entry = {sizeof(kepu_entry), KEPU_ABI_MAJOR, KEPU_ABI_MINOR, &descriptor,
                                         create_with_store};
