/* SPDX-License-Identifier: Apache-2.0
 *
 * kepu/connector.h - the contract between Kepu Hub and a connector, in C.
 *
 * A connector is a shared library that exports one symbol, `kepu_connector_entry`, of type
 * `kepu_entry`. Everything else is reached from there. C++ authors use <kepu/connector.hpp>.
 *
 * Ownership, in one sentence: what goes into a call is borrowed for that call; what the entry and
 * the descriptor point to lives as long as the library. Nothing is freed across this border, and no
 * C++ type or exception crosses it.
 *
 * Growth: structs only grow at the end, and each begins with its own `struct_size`; a reader looks
 * at a member only when `struct_size` covers it. Lists of structs are lists of pointers, so that
 * they can grow too. A library of another major version is refused.
 *
 * Text is UTF-8. `kepu_str` is a pointer with a size and is not NUL-terminated; `const char *` in
 * the descriptor is NUL-terminated, and NULL there means "not given".
 *
 * NULL where something must be (ctx, a text with a size, cells of rows, an input, its answer, a scope) is
 * answered with KEPU_E_CONTRACT where the function has a status, and ends the run as BUG in each case.
 *
 * Tags say from which thread and in which state a function may be called; the host enforces them:
 *   [any]                   any thread, from `create` until `destroy` returns
 *   [worker]                the thread that called `create`
 *   [worker & discovering]  that thread, inside `discover`
 *   [worker & running]      that thread, inside `run`
 *   [worker & input]        that thread, inside `run`, between `begin_input` and `end_input`
 */
#ifndef KEPU_CONNECTOR_H
#define KEPU_CONNECTOR_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define KEPU_ABI_MAJOR 1
#define KEPU_ABI_MINOR 2
#define KEPU_ENTRY_SYMBOL "kepu_connector_entry"

#if defined(__GNUC__)
#define KEPU_EXPORT __attribute__((visibility("default")))
#else
#define KEPU_EXPORT
#endif

/* Limits that the host keeps; each is far above honest use and bounds what a mistake can cost. */
#define KEPU_MAX_CURSOR_BYTES 65536u /* a bookmark, not a store */
/* Longest text in one cell; longer: the row is a reject that tells the cell's size, and the host reads
 * none of the text, so that its first KEPU_MAX_CELL_BYTES bytes are all that a connector needs to keep. */
#define KEPU_MAX_CELL_BYTES 65536u
#define KEPU_MAX_ROW_BYTES 262144u      /* all texts of a row together; more: the row is a reject */
#define KEPU_MAX_FIELDS 256u            /* fields of one dataset */
#define KEPU_MAX_DATASETS 64u           /* datasets of one source */
#define KEPU_MAX_INPUT_NAME_BYTES 1024u /* name of one input */
#define KEPU_MAX_TEXT_BYTES 4096u       /* one log line, reject message or explanation; the rest is cut */

typedef struct kepu_str {
  const char* data;
  size_t size; /* bytes */
} kepu_str;

/* ---- values -------------------------------------------------------------------------------- */

typedef enum kepu_type {
  KEPU_NULL = 0,      /* no value; null is not zero */
  KEPU_TEXT = 1,      /* value.text, `size` bytes of UTF-8 */
  KEPU_INTEGER = 2,   /* value.integer */
  KEPU_DECIMAL = 3,   /* value.integer, in units of 10^-scale of its field */
  KEPU_REAL = 4,      /* value.real, finite */
  KEPU_BOOLEAN = 5,   /* value.integer, 0 or 1 */
  KEPU_DATE = 6,      /* value.integer, days since 1970-01-01 */
  KEPU_TIMESTAMP = 7, /* value.integer, microseconds since 1970-01-01T00:00:00Z */
  KEPU_PERIOD = 8     /* value.text as SDMX writes it: 2025-03-05, 2025-W10, 2025-03, 2025-Q1, 2025-S1, 2025 */
} kepu_type;

typedef enum kepu_flag {
  KEPU_APPROXIMATE = 1, /* the source says "about" */
  KEPU_REPAIRED = 2,    /* the connector mended how it was written (full-width digits, serial date) */
  KEPU_PROVISIONAL = 4  /* the source says that it may change */
} kepu_flag;

/* 16 bytes. A cell's type is its field's type or KEPU_NULL. */
typedef struct kepu_cell {
  uint8_t type;      /* kepu_type */
  uint8_t flags;     /* kepu_flag, combined */
  uint16_t reserved; /* 0 */
  uint32_t size;     /* bytes of text, else 0 */
  union {
    int64_t integer;
    double real;
    const char* text;
  } value;
} kepu_cell;

/* ---- datasets ------------------------------------------------------------------------------ */

typedef enum kepu_role {
  KEPU_ROLE_KEY = 1 << 0,       /* part of what tells one fact from another */
  KEPU_ROLE_TIME = 1 << 1,      /* when it happened, or when its validity begins */
  KEPU_ROLE_UNTIL = 1 << 2,     /* when its validity ends (exclusive) */
  KEPU_ROLE_PERIOD = 1 << 3,    /* the period that a return is for */
  KEPU_ROLE_AREA = 1 << 4,      /* GB/T 2260 code, or a name that the areas know */
  KEPU_ROLE_ENTITY = 1 << 5,    /* an entry of the field's register */
  KEPU_ROLE_PERSON = 1 << 6,    /* a person by the field's scheme; text; replaced in the worker by a keyed pseudonym */
  KEPU_ROLE_MEASURE = 1 << 7,   /* a number that indicators sum */
  KEPU_ROLE_WEIGHT = 1 << 8,    /* survey weight */
  KEPU_ROLE_STRATUM = 1 << 9,   /* survey stratum */
  KEPU_ROLE_CLUSTER = 1 << 10,  /* survey cluster */
  KEPU_ROLE_ATTRIBUTE = 1 << 11 /* anything else that indicators filter or group by */
} kepu_role;

typedef struct kepu_field {
  uint32_t struct_size;
  uint32_t roles;              /* kepu_role, combined; 0: as the catalog says */
  const char* name;            /* [a-z][a-z0-9_]* */
  int32_t type;                /* kepu_type, not KEPU_NULL */
  int32_t scale;               /* KEPU_DECIMAL: digits after the point, 0-9; else 0 */
  const char* scheme;          /* person fields: "id_card", "mobile" or "account:NAMESPACE" */
  const char* entity_register; /* entity fields: "venues", "schools", ... */
  int32_t required;            /* not 0: a row without it is a reject */
} kepu_field;

/* Schemas are global contracts: the hub's catalog declares the dataset, and the host refuses a
 * connector whose fields disagree with it (type, scale, scheme, register, roles where given). A
 * connector may leave out fields that the catalog does not require. */
typedef struct kepu_dataset {
  uint32_t struct_size;
  uint32_t version;                /* of the contract; from 1 */
  const char* id;                  /* [a-z][a-z0-9_]* */
  const kepu_field* const* fields; /* cells of a row come in this order */
  size_t field_count;
} kepu_dataset;

/* ---- settings ------------------------------------------------------------------------------ */

/* The type says what a value may touch; the fence is made from it. */
typedef enum kepu_setting_type {
  KEPU_SETTING_TEXT = 1,
  KEPU_SETTING_INTEGER = 2,
  KEPU_SETTING_REAL = 3,
  KEPU_SETTING_BOOLEAN = 4,
  KEPU_SETTING_DURATION = 5,     /* "30s", "5m", "2h", "1d"; integer, microseconds */
  KEPU_SETTING_ENUM = 6,         /* text, one of `choices` */
  KEPU_SETTING_LIST = 7,         /* list of texts */
  KEPU_SETTING_SECRET = 8,       /* text; comes from a credential or a file, never from the configuration */
  KEPU_SETTING_INPUT_FOLDER = 9, /* absolute path; may be read */
  KEPU_SETTING_WORK_FOLDER = 10, /* absolute path; may be read and written, files renamed inside it */
  KEPU_SETTING_HOST = 11,        /* "name" or "name:port" */
  KEPU_SETTING_COMMAND = 12,     /* absolute path of a program */
  /* Texts by key, as a TOML table; keys of tables inside it are joined with dots ("direction.in"), and numbers,
   * booleans and dates are their texts. (Since 1.2; a hub before it refuses the library.) */
  KEPU_SETTING_TABLE = 13
} kepu_setting_type;

typedef struct kepu_setting_spec {
  uint32_t struct_size;
  int32_t type;               /* kepu_setting_type */
  const char* key;            /* [a-z][a-z0-9_]* */
  int32_t required;           /* not 0: the source's file must give it */
  const char* default_value;  /* as text: "true", "30s", "a,b" for a list, a line "key = value" for each entry of
                               * a table; NULL: absent when not given */
  const char* help;           /* one sentence, English */
  const char* help_zh;        /* the same in Chinese; may be NULL */
  const char* const* choices; /* KEPU_SETTING_ENUM: NULL-terminated */
} kepu_setting_spec;

typedef struct kepu_setting {
  uint32_t struct_size;
  int32_t type; /* kepu_setting_type */
  kepu_str key;
  int64_t integer;       /* INTEGER, BOOLEAN (0, 1), DURATION (microseconds) */
  double real;           /* REAL */
  kepu_str text;         /* TEXT, ENUM, SECRET, folders, HOST, COMMAND */
  const kepu_str* items; /* LIST; TABLE: key, value, key, value, ... in the file's order, no key twice */
  size_t item_count;
} kepu_setting;

typedef struct kepu_settings {
  uint32_t struct_size;
  const kepu_setting* const* items; /* given and defaulted ones, checked against their specs */
  size_t count;
} kepu_settings;

/* ---- descriptor ---------------------------------------------------------------------------- */

typedef enum kepu_mode {
  KEPU_SCHEDULED = 1, /* `run` reads what there is and returns */
  KEPU_STREAMING = 2  /* `run` goes on until it is cancelled */
} kepu_mode;

typedef enum kepu_need {
  KEPU_NEED_NETWORK = 1 << 0, /* granted by allow = ["network"] in the source's file */
  KEPU_NEED_EXEC = 1 << 1     /* granted by allow = ["exec"] */
} kepu_need;

typedef struct kepu_descriptor {
  uint32_t struct_size;
  int32_t mode;         /* kepu_mode */
  const char* id;       /* [a-z][a-z0-9_]*; also the file's stem */
  const char* version;  /* "1.4.0" */
  const char* title;    /* for people, English */
  const char* title_zh; /* the same in Chinese; may be NULL */
  const char* owner;    /* who answers for it */
  uint32_t needs;       /* kepu_need, combined */
  uint32_t dynamic;     /* not 0: datasets come from `discover` */
  const kepu_setting_spec* const* settings;
  size_t setting_count;
  const kepu_dataset* const* datasets; /* index in this list = dataset number in calls */
  size_t dataset_count;
} kepu_descriptor;

/* ---- what the host answers ----------------------------------------------------------------- */

typedef enum kepu_status {
  KEPU_OK = 0,
  KEPU_E_CANCELLED = 1, /* stop: return KEPU_RUN_CANCELLED soon */
  KEPU_E_CONTRACT = 2,  /* this call broke the contract (type, order, thread); the run will end as BUG */
  KEPU_E_LIMIT = 3,     /* a limit above was passed; nothing was taken */
  KEPU_E_DROPPED = 4,   /* the part was refused by the hub and dropped whole */
  KEPU_E_CLOSED = 5     /* the hub is gone */
} kepu_status;

/* How `run`, `create` and `discover` end; decides what the scheduler does. */
typedef enum kepu_run_status {
  KEPU_RUN_OK = 0,
  KEPU_RUN_RETRY = 1,      /* the source is out of reach for now: back off, doubling, and come again */
  KEPU_RUN_BAD_CONFIG = 2, /* will not work until the configuration or the library changes */
  KEPU_RUN_BAD_DATA = 3,   /* the uncommitted part is dropped; the next run is a normal one */
  KEPU_RUN_CANCELLED = 4,  /* ended because it was asked to */
  KEPU_RUN_BUG = 5         /* counts as a crash */
} kepu_run_status;

typedef enum kepu_level { KEPU_DEBUG = 1, KEPU_INFO = 2, KEPU_WARNING = 3, KEPU_ERROR = 4 } kepu_level;

typedef enum kepu_decision {
  KEPU_TAKE = 1, /* read it */
  /* Nothing new: it is the latest content under this name, or the name is new and another holds this content
   * already; go to the next. */
  KEPU_KNOWN = 2,
  KEPU_RESUME = 3, /* this content was begun and not finished: go on from the cursor */
  /* The hub refused this content before (too many of its rows are bad), or takes no more of this run.
   * It is not taken: pass over it, leave it where it is, ask again in the next run, and say so. */
  KEPU_REFUSED = 4
} kepu_decision;

typedef struct kepu_input {
  uint32_t struct_size;
  uint32_t reserved; /* 0 */
  /* What the source calls it: a file name, a message box and id. It is shown in rejects, logs and the
   * ledger, so the host puts '*' and some letters in place of each number shaped as a person (a mobile
   * in a file's name) before anything leaves the worker. The letters are made from the number's bytes under the
   * hub's person key, so that other names stay other names and a name is the same in every run. A
   * connector without a person field has no key: there they are fewer and made without one, and who tries
   * all numbers learns that it is one of some hundred. `cursor` is not looked through. */
  kepu_str name;
  uint64_t size;            /* bytes */
  uint8_t content_hash[32]; /* SHA-256 of the content */
} kepu_input;

typedef struct kepu_input_answer {
  uint32_t struct_size; /* set by the caller */
  int32_t decision;     /* kepu_decision */
  /* The content last taken whole under this name, if any: when the first `previous_size` bytes of
   * the new content have `previous_hash`, the input only grew and may be read on from there. */
  uint32_t has_previous;
  uint32_t reserved;
  uint64_t previous_size;
  uint8_t previous_hash[32];
} kepu_input_answer;

/* What a replacement replaces: facts of this source, of the dataset, that meet every condition given. */
typedef struct kepu_scope {
  uint32_t struct_size;
  uint32_t this_input;    /* not 0: facts read from inputs of the current input's name; [worker & input] */
  int64_t time_from;      /* microseconds UTC, on the dataset's time field; INT64_MIN: open */
  int64_t time_until;     /* exclusive; INT64_MAX: open */
  const uint32_t* fields; /* indexes of fields that equal `values` */
  const kepu_cell* values;
  size_t field_count;
} kepu_scope;

/* Extension KEPU_RANGE, `const kepu_range *`, from `create` until `destroy` returns: this run is a backfill, which
 * swaps what the hub holds of some days for what the source holds now. NULL: it is not. (Since 1.1.)
 * Read the source from its beginning, or only what lies in the range: the hub passes over what does not, takes every
 * input, keeps no cursor, and takes all parts at once when `run` has returned KEPU_RUN_OK. Nothing that tells the
 * outside world that data is safe may be done: leave files and messages where they are, and do not call
 * wait_durable. Who does not ask for the range is run as ever, from an empty cursor. */
#define KEPU_RANGE "kepu.range.1"
typedef struct kepu_range {
  uint32_t struct_size;
  uint32_t reserved;  /* 0 */
  int64_t time_from;  /* of timestamps: microseconds UTC */
  int64_t time_until; /* exclusive */
  int32_t first_day;  /* of dates and of first days of periods: days since 1970-01-01, in the hub's zone */
  int32_t until_day;  /* exclusive */
} kepu_range;

/* Extension KEPU_CONTRACTS, `const kepu_contracts *`, from `create` until `destroy` returns, [any]: the catalog's
 * datasets, all of them, with every field and what the catalog says of it. NULL: there is no catalog here, and what a
 * connector declares is taken as it is. A dynamic connector that can fill any dataset declares the one that its
 * settings name. Nothing in it changes during the run. (Since 1.2.) */
#define KEPU_CONTRACTS "kepu.contracts.1"
typedef struct kepu_contracts {
  uint32_t struct_size;
  uint32_t reserved; /* 0 */
  const kepu_dataset* const* datasets;
  size_t dataset_count;
} kepu_contracts;

typedef struct kepu_host kepu_host;
struct kepu_host {
  uint32_t struct_size;
  uint16_t abi_major;
  uint16_t abi_minor;
  void* ctx; /* first argument of every function below */

  /* [any] One line of text; control characters are escaped and numbers shaped as persons blanked. */
  void (*log)(void* ctx, int32_t level, kepu_str text);
  /* [any] Progress of this run in any unit; total 0: unknown. */
  void (*progress)(void* ctx, uint64_t done, uint64_t total);
  /* [any] Not 0 once the run should end. */
  int32_t (*is_cancelled)(void* ctx);
  /* [any] A file descriptor that becomes readable when the run is cancelled; poll it beside your own.
   * Belongs to the host: do not read or close it. */
  int32_t (*cancel_fd)(void* ctx);
  /* [any] IANA name of the hub's zone, "Asia/Shanghai"; lives as long as the host. */
  kepu_str (*time_zone)(void* ctx);
  /* [any] A later extension by its id, or NULL when this host does not have it. */
  const void* (*extension)(void* ctx, const char* id);
  /* [worker] A sentence for people on how create, discover or run ended; the last one counts. */
  void (*explain)(void* ctx, kepu_str text);

  /* [worker & discovering] Declares the next dataset of a dynamic connector. */
  int32_t (*declare)(void* ctx, const kepu_dataset* dataset);

  /* [worker & running] Asks the hub's ledger about an input. After KEPU_TAKE and KEPU_RESUME the
   * input is open: rows and rejects belong to it until end_input. One input at a time. */
  int32_t (*begin_input)(void* ctx, const kepu_input* input, kepu_input_answer* answer);
  /* [worker & input] The input was read to its end; it counts as taken with the next commit. */
  int32_t (*end_input)(void* ctx);
  /* [worker & running] Hands over rows: row_count * field_count cells, row after row. Copies before
   * it returns; waits while the hub is busy. `places` holds each row's number in the input (a
   * spreadsheet's: the header is row 1), or is NULL. A row that breaks its field's rules (required,
   * UTF-8, finite, in range) becomes a reject; a cell of the wrong type is KEPU_E_CONTRACT. */
  int32_t (*emit)(void* ctx, uint32_t dataset, const kepu_cell* cells, size_t row_count, const uint64_t* places);
  /* [worker & running] Takes a fact out by its key: the dataset's key fields, in field order. */
  int32_t (*retract)(void* ctx, uint32_t dataset, const kepu_cell* key_cells, size_t key_count);
  /* [worker & running] Facts inside the scope that are not emitted before end_replace are closed by
   * the same commit. commit is not allowed in between. */
  int32_t (*begin_replace)(void* ctx, uint32_t dataset, const kepu_scope* scope);
  int32_t (*end_replace)(void* ctx);
  /* [worker & running] A row that could not be read. `code` is [a-z0-9_]+, stable; `field` may be
   * empty; `message` says what is wrong and what to do, and carries no personal data. */
  int32_t (*reject)(void* ctx, uint64_t place, kepu_str field, kepu_str code, kepu_str message);
  /* [worker & running] Ends the part: its rows, rejects, input and cursor become visible at once.
   * `part` (may be NULL) receives its number, from 1 in each run. */
  int32_t (*commit)(void* ctx, kepu_str cursor, uint64_t* part);
  /* [worker & running] Returns when the part is on disk. Whatever tells the outside world that the
   * data is safe comes after this. In a backfill nothing is safe before the run has ended: KEPU_E_DROPPED. */
  int32_t (*wait_durable)(void* ctx, uint64_t part);
  /* [worker & running] The cursor of the last commit that became durable, also of earlier runs;
   * empty at first, and at the beginning of a backfill. Lives until the next call of commit or cursor. */
  kepu_str (*cursor)(void* ctx);
};

typedef struct kepu_connector {
  uint32_t struct_size; /* set by the host before create */
  uint32_t reserved;
  void* self;
  /* [worker] Only for dynamic connectors: calls declare for each dataset. Returns kepu_run_status. */
  int32_t (*discover)(void* self);
  /* [worker] Returns kepu_run_status. */
  int32_t (*run)(void* self);
  /* [worker] Called once; nothing is called after it. */
  void (*destroy)(void* self);
} kepu_connector;

typedef struct kepu_entry {
  uint32_t struct_size;
  uint16_t abi_major;
  uint16_t abi_minor;
  const kepu_descriptor* descriptor;
  /* [worker] Fills `out`. Returns kepu_run_status; anything but KEPU_RUN_OK: `out` is not used. */
  int32_t (*create)(const kepu_host* host, const kepu_settings* settings, kepu_connector* out);
} kepu_entry;

#ifdef __cplusplus
}
#endif

#endif /* KEPU_CONNECTOR_H */
