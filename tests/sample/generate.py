#!/usr/bin/env python3
"""Makes the sample years of the whole plan: CSV files as clerks and platforms save them, for every dataset of the catalog.

SAMPLE DATA: made up, no real person, school, event or survey. The same seed, dates and catalog give the same bytes.
One folder for each source of sources.d/, files of a year or a whole ledger each, names beginning with 样例. What is in
them on purpose:
  - the encodings that are met: GBK with CRLF, UTF-8 with a byte-order mark and without, UTF-16 with tabs
  - dates as 2024年3月5日, 2024/3/5 and 2024-03-05; numbers as 1,234, 约300 and 1.2万; areas and schools by code, name, alias
  - rows that come again, in the same file or a later year's, with other content: the later one counts
  - rows that no one can use, of every kind in SPOILT
  - a board that at the end of November 2025 has targets that are met, on track, behind, far behind, cannot be told, and
    one without any data (少年科学院)
Nothing that lies after --until is told, as if the files had been saved on that day.
"""
import argparse
import csv
import datetime as dt
import io
import pathlib
import random
import sys
import tomllib

ROOT = pathlib.Path(__file__).resolve().parents[2]
CATALOG = ROOT / "config/catalog"
YEARS = range(2021, 2026)
SCHOOL_MONTHS = (1, 3, 4, 5, 6, 9, 10, 11, 12)
ALL_MONTHS = tuple(range(1, 13))
DISTRICT = "510104"


class Style:
    """How a clerk's program saves a file."""

    def __init__(self, encoding, date, newline="\n", delimiter=","):
        self.encoding, self.date, self.newline, self.delimiter = encoding, date, newline, delimiter

    def cell(self, value):
        if value is None:
            return ""
        if isinstance(value, dt.date):
            return self.date(value)
        return str(value)


def chinese(day):
    return f"{day.year}年{day.month}月{day.day}日"


def slashes(day):
    return f"{day.year}/{day.month}/{day.day}"


STYLES = {
    2021: Style("gbk", chinese, "\r\n"),
    2022: Style("utf-8-sig", slashes, "\r\n"),
    2023: Style("gbk", slashes, "\r\n"),
    2024: Style("utf-8-sig", chinese, "\r\n"),
    2025: Style("utf-8", dt.date.isoformat),
}
UNICODE_TEXT = Style("utf-16", slashes, "\r\n", "\t")


def no_such_day(header, row):
    at = next(i for i, cell in enumerate(row) if isinstance(cell, dt.date))
    return [*row[:at], f"{row[at].year}年2月30日", *row[at + 1:]]


def no_such_area(header, row):
    at = header.index("区域")
    return [*row[:at], "不存在的街道（样例）", *row[at + 1:]]


SPOILT = {
    "a day that does not exist": no_such_day,
    "no number": lambda header, row: ["", *row[1:]],
    "a column too few": lambda header, row: row[:-1],
    "an area that does not exist": no_such_area,
}
SPOILT_EVERY = 60  # one row in so many cannot be used: far fewer than a source takes


class Folder:
    """The files of one source."""

    def __init__(self, out, name, title, header, seed):
        self.path, self.title, self.header = out / name, title, header
        self.rng = random.Random(f"{seed}/{name}")
        self.path.mkdir(parents=True, exist_ok=True)

    def write(self, suffix, rows, style):
        """One file, some rows spoilt copies with numbers of their own. Nothing is written where nothing is to tell."""
        if not rows:
            return
        spoilt = list(SPOILT.values())
        if "区域" not in self.header:
            spoilt.remove(no_such_area)
        if not any(isinstance(cell, dt.date) for cell in rows[0]):
            spoilt.remove(no_such_day)
        lines = []
        for number, row in enumerate(rows):
            lines.append(row)
            if number % SPOILT_EVERY == SPOILT_EVERY // 2:
                spoil = spoilt[number // SPOILT_EVERY % len(spoilt)]
                lines.append(spoil(self.header, [f"{row[0]}-X", *row[1:]]))
        text = io.StringIO(newline="")
        table = csv.writer(text, delimiter=style.delimiter, lineterminator=style.newline)
        table.writerow(self.header)
        table.writerows([style.cell(cell) for cell in line] for line in lines)
        data = text.getvalue().encode("utf-16-le" if style.encoding == "utf-16" else style.encoding)
        mark = b"\xff\xfe" if style.encoding == "utf-16" else b""
        (self.path / f"样例-{self.title}-{suffix}.csv").write_bytes(mark + data)


class Sample:
    def __init__(self, out, seed, until, catalog):
        self.out, self.seed, self.until = out, seed, until
        areas = tomllib.loads((catalog / "areas.toml").read_text("utf-8"))["area"]
        now = [area for area in areas if "valid_to" not in area]
        self.subdistricts = [area for area in now if area.get("parent") == DISTRICT]
        self.communities = [area for area in now if len(area["code"]) == 12]
        read = lambda name, key: tomllib.loads((catalog / f"registers/{name}.toml").read_text("utf-8"))[key]
        self.schools = read("schools", "school")
        self.teachers = read("science_teachers", "teacher")

    def folder(self, name, title, header):
        return Folder(self.out, name, title, header.split(), self.seed)

    def known(self, rows, at):
        """Those rows whose date (cell `at`) is not after the day until which is told."""
        return [row for row in rows if row[at] <= self.until]

    @staticmethod
    def word(rng, entry):
        """Code, name or alias of an area or a school."""
        return rng.choice([entry["code"], entry["name"]["zh"], *entry.get("aliases", [])])

    def area(self, rng):
        kind = rng.random()
        if kind < 0.05:
            return None
        return self.word(rng, rng.choice(self.communities if kind < 0.6 else self.subdistricts))

    @staticmethod
    def days(rng, year, count, months=ALL_MONTHS):
        """So many days, spread evenly over the months of the year."""
        pool = [dt.date(year, 1, 1) + dt.timedelta(n) for n in range(366)]
        pool = [day for day in pool if day.year == year and day.month in months]
        return [pool[min(len(pool) - 1, int((n + rng.random()) * len(pool) / count))] for n in range(count)]

    # --- training ---------------------------------------------------------------------------------------------------

    KINDS = {"skill": "技能提升", "free_skill": "免费技能", "cadre": "干部", "teacher": "科技教师", "volunteer": "志愿者"}
    SESSIONS = {"skill": (48, 52, 55, 56, 53), "free_skill": (31, 33, 36, 35, 34), "cadre": (6, 6, 7, 6, 6),
                "teacher": (2, 2, 2, 2, 2), "volunteer": (4, 4, 5, 5, 5)}
    # Skilled workers: different persons; else attendances. One below the floor in 2021 (skill) and 2024 (cadre).
    ATTENDANCES = {"skill": (1890, 2105, 2230, 2310, 2080), "free_skill": (1040, 1100, 1150, 1220, 760),
                   "cadre": (510, 525, 540, 499, 420), "volunteer": (160, 170, 180, 190, 200)}
    TEACHERS = ((45, 47), (44, 46), (41, 43), (46, 44), (38, 24))
    NEVER_TRAINED = 8

    def training(self):
        sessions = self.folder("training_sessions", "培训场次台账", "场次编号 培训类别 开始日期 区域")
        people = self.folder("training_attendances", "参训记录", "记录编号 场次编号 培训类别 参训日期 学员账号 区域")
        trained = self.folder("teacher_training", "科技教师培训记录", "记录编号 场次编号 教师工号 完成日期")
        rng, never = sessions.rng, {teacher["code"] for teacher in self.teachers[-self.NEVER_TRAINED:]}
        for index, year in enumerate(YEARS):
            held, came, taught = [], [], []
            for kind, words in self.KINDS.items():
                count = self.SESSIONS[kind][index]
                of_kind = []
                for n, day in enumerate(self.days(rng, year, count, (4, 10) if kind == "teacher" else ALL_MONTHS)):
                    of_kind.append([f"{kind[:2].upper()}{year}-{n + 1:03}", words, day, self.area(rng)])
                held += of_kind
                if kind == "teacher":
                    for session, many in zip(of_kind, self.TEACHERS[index]):
                        valid = [t["code"] for t in self.teachers if t["code"] not in never
                                 and t.get("valid_from", session[2]) <= session[2] <= t.get("valid_to", session[2])]
                        for code in rng.sample(valid, many):
                            taught.append([f"KJ{year}-{len(taught) + 1:04}", session[0], code, session[2]])
                    continue
                # Workers come once, 8 % of them to a second session; others as they like, one in ten without an account.
                many = self.ATTENDANCES[kind][index]
                first = index * 1400  # a part of the workers come in several years
                accounts = [f"TR{first + n:06}" for n in range(many)]
                if kind == "skill":
                    accounts += rng.sample(accounts, many * 8 // 100)
                else:
                    accounts = [None if rng.random() < 0.1 else f"TR{rng.randrange(20_000):06}" for _ in range(many)]
                for n, account in enumerate(accounts):
                    session = of_kind[n * len(of_kind) // many] if n < many else rng.choice(of_kind)
                    came.append([f"{session[0]}-{n + 1:05}", session[0], words, session[2], account, session[3]])
            sessions.write(year, self.known(held, 2), STYLES[year])
            people.write(year, self.known(came, 3), STYLES[year])
            trained.write(year, self.known(taught, 3), STYLES[year])

    # --- the young and their schools --------------------------------------------------------------------------------

    ACTIVITIES = (52, 55, 44, 58, 52)  # 2023: not met

    def youth(self):
        folder = self.folder("youth_activities", "青少年科普活动", "活动编号 活动类别 开始日期 学校 区域 参加人次")
        rng = folder.rng
        for index, year in enumerate(YEARS):
            rows = []
            for n, day in enumerate(self.days(rng, year, self.ACTIVITIES[index], SCHOOL_MONTHS)):
                school = rng.choice(self.schools[:38])
                many = rng.randrange(60, 900)
                number = [many, many, f"{many * 10:,}", f"约{many // 50 * 50 + 50}", None][rng.choice((0, 0, 0, 1, 2, 3, 4))]
                kind = rng.choice(("科技月", "院士（专家）进校园", "科学素质大赛", "其他"))
                where = self.word(rng, school) if rng.random() < 0.8 else None
                rows.append([f"QS{year}-{n + 1:03}", kind, day, where, self.area(rng), number])
            rows.append([f"QS{year}-DS1", "科技创新大赛", dt.date(year, 10, 18 + index), None, None, 1200 + 100 * index])
            rows = self.known(rows, 2)
            again = [[*row[:5], (int(row[5]) if isinstance(row[5], int) else 100) + 7] for row in rows[3:30:9]]  # corrected
            folder.write(year, rows + again, STYLES[year])

    def posts(self):
        folder = self.folder("school_posts", "学校科技岗位台账", "岗位编号 学校 岗位 是否专职 到岗日期 离岗日期")
        rng, rows = folder.rng, []
        for n, school in enumerate(self.schools):
            start = max(dt.date(2020, 9, 1), school.get("valid_from", dt.date(2020, 9, 1)))
            end = school.get("valid_to")
            for post in range(1 + n % 2):  # every school has a full-time teacher
                rows.append([f"GW{n + 1:02}-J{post + 1}", self.word(rng, school), "科技教师", "是", start, end])
            if n % 3 == 0:
                rows.append([f"GW{n + 1:02}-J9", self.word(rng, school), "科技教师", "否", start, end])
            if n % 4:  # and three of four a vice-principal, some only until some day
                day = max(start, dt.date(2021 + n % 5, 3, 1))
                left = dt.date(2024, 7, 1) if n in (5, 13) else end
                rows.append([f"GW{n + 1:02}-F1", self.word(rng, school), "科技副校长", "是" if n % 3 else "否", day, left])
        told = [[*row[:5], row[5] if row[5] and row[5] <= self.until else None] for row in self.known(rows, 4)]
        folder.write("2025", told, STYLES[2023])

    # --- what stands ------------------------------------------------------------------------------------------------

    # kind, level, recognised, ended; 少年科学院 has none on purpose, and what is older than the plan does not count.
    SITES = """
        课程教学示范校 区级 2021-09-01
        课程教学示范校 区级 2022-09-01
        课程教学示范校 市级 2022-09-01
        课程教学示范校 区级 2023-09-01
        课程教学示范校 区级 2024-09-01
        课程教学示范校 区级 2019-09-01
        拔尖人才培养基地校 市级 2023-06-01
        拔尖人才培养基地校 市级 2018-06-01
        科技教育特色学校 区级 2021-12-01
        科技教育特色学校 区级 2022-12-01
        科技教育特色学校 区级 2023-12-01
        科技教育特色学校 区级 2024-12-01
        名师工作室 区级 2022-05-10
        名师工作室 区级 2023-05-10
        名师工作室 市级 2024-05-10
        科普基地 区级 2021-06-01
        科普基地 市级 2022-06-01
        科普基地 省级 2023-06-01
        科普基地 区级 2022-11-01 2024-11-01
        科普基地 国家级 2015-06-01
        科普基地 区级 2020-12-31
        绿道科普场景 区级 2022-04-01
        绿道科普场景 区级 2024-04-01
        社区科普场景 区级 2021-07-01
        社区科普场景 区级 2022-07-01
        社区科普场景 区级 2023-07-01
        社区科普场景 区级 2023-08-01
        社区科普场景 区级 2024-07-01
        社区科普场景 区级 2025-07-01
    """

    def sites(self):
        folder = self.folder("sites", "科普阵地台账", "编号 类别 级别 名称 认定日期 取消日期 区域")
        rows = []
        for n, line in enumerate(self.SITES.split("\n")[1:-1], start=1):
            kind, level, start, *ended = line.split()
            ended = [day for day in map(dt.date.fromisoformat, ended) if day <= self.until] or [None]
            start = dt.date.fromisoformat(start)
            rows.append([f"ZD{n:03}", kind, level, f"样例{kind}{n}号", start, ended[0], self.area(folder.rng)])
        folder.write("2025", self.known(rows, 4), STYLES[2024])

    def lifestyle(self):
        folder = self.folder("lifestyle_coverage", "健康生活方式行动覆盖", "记录编号 层级 区域 覆盖日期 停止日期")
        rng, rows = folder.rng, []
        for n, area in enumerate(self.subdistricts):
            rows.append([f"JK-J{n + 1:02}", "街道", self.word(rng, area), dt.date(2021 + n % 3, 5, 1), None])
        for n, area in enumerate(self.communities[:70]):
            ended = dt.date(2025, 3, 1) if n == 17 and self.until >= dt.date(2025, 3, 1) else None
            rows.append([f"JK-S{n + 1:02}", "社区", self.word(rng, area), dt.date(2021 + n % 5, 6, 1), ended])
        folder.write("2025", self.known(rows, 3), STYLES[2021])

    # --- volunteers -------------------------------------------------------------------------------------------------

    JOINED = (1100, 1350, 1400, 1300, 1330)
    BEFORE = 2000  # registered before the plan began
    SERVICES = 2400

    def volunteers(self):
        folder = self.folder("volunteers", "科技志愿者注册", "注册编号 志愿者账号 注册日期 退出日期 队伍编号 区域")
        service = self.folder("volunteer_service", "科技志愿服务记录", "服务编号 志愿者账号 服务日期 服务时长 区域")
        rng, standing, number = folder.rng, [], 0
        for index, year in enumerate(YEARS):
            days = self.days(rng, year, self.JOINED[index])
            if index == 0:
                days = [day for old in range(2015, 2021) for day in self.days(rng, old, self.BEFORE // 6)] + days
            rows = []
            # One in 30 leaves in the course of the year: the registration comes again, with a day.
            for row in rng.sample(standing, len(standing) // 30):
                left = dt.date(year, rng.randrange(1, 13), rng.randrange(1, 29))
                if left <= self.until:
                    rows.append([*row[:3], left, *row[4:]])
                    standing.remove(row)
            for n, day in enumerate(days):
                number += 1
                account = f"VO{number if n % 70 else max(1, number - 500):06}"  # some register twice
                row = [f"ZY{number:06}", account, day, None, f"D{rng.randrange(1, 41):02}", self.area(rng)]
                if day <= self.until:
                    standing.append(row)
                    rows.append(row)
            folder.write(year, rows, STYLES[year])
            served = []
            for n, day in enumerate(self.days(rng, year, self.SERVICES)):
                who = rng.choice(standing)
                if who[2] <= day:
                    hours = rng.choice(("1", "1.5", "2", "2.25", "3", "4.5"))
                    served.append([f"FW{year}-{n + 1:05}", who[1], day, hours, who[5]])
            service.write(year, self.known(served, 2), STYLES[year])

    # --- contests, artisans, exchanges ------------------------------------------------------------------------------

    CONTESTS = """
        电工 2021-06-20
        西式面点师 2021-09-12
        电工 2022-06-18
        养老护理员 2022-09-03
        茶艺师 2022-11-05
        电工 2023-06-17
        网络与信息安全管理员 2023-10-14
        电工 2024-04-13
        电工 2024-06-15
        养老护理员 2024-09-07
        西式面点师 2024-10-19
        电工 2025-06-14
        茶艺师 2025-12-10
    """
    ARTISANS = 40  # a year: 200 in all, and more than 200 are asked for
    EXCHANGES = (2, 3, 3, 4, 3)

    def events(self):
        contests = self.folder("contests", "劳动和技能竞赛", "竞赛编号 工种 决赛日期 区域")
        artisans = self.folder("artisans", "工匠人才认定", "认定编号 荣誉级别 认定日期 区域")
        exchanges = self.folder("exchanges", "学术交流活动", "活动编号 活动类别 开始日期 区域")
        finals = []
        for n, line in enumerate(self.CONTESTS.split("\n")[1:-1], start=1):
            trade, day = line.split()
            finals.append([f"JS{n:03}", trade, dt.date.fromisoformat(day), self.area(contests.rng)])
        for index, year in enumerate(YEARS):
            contests.write(year, self.known([row for row in finals if row[2].year == year], 2), STYLES[year])
            rng, rows = artisans.rng, []
            for n in range(self.ARTISANS):
                honour = rng.choice(("区级", "区级", "市级", "省级"))
                rows.append([f"GJ{year}-{n + 1:03}", honour, dt.date(year, 9, 20 + n % 5), self.area(rng)])
            artisans.write(year, self.known(rows, 2), STYLES[year])
            rng, rows = exchanges.rng, []
            for n, day in enumerate(self.days(rng, year, self.EXCHANGES[index])):
                kind = rng.choice(("学术交流", "学术年会", "论坛"))
                rows.append([f"XS{year}-{n + 1:02}", kind, day, self.area(rng)])
            exchanges.write(year, self.known(rows, 2), STYLES[year])

    # --- new media --------------------------------------------------------------------------------------------------

    ACCOUNTS = {"样例锦江科普": "微信", "样例健康锦江": "微信", "样例锦江应急": "微博", "样例科协视频": "抖音",
                "样例社区科普": "快手", "样例科普小站": "微博"}

    @staticmethod
    def views(rng):
        """Views as the platforms show them: 1.2万, 1,234, or nothing."""
        views = rng.randrange(200, 30_000)
        if views >= 10_000:
            return f"{views / 10_000:.1f}万"
        return rng.choice((views, views, f"{views:,}", None if rng.random() < 0.1 else views))

    def media(self):
        posts = self.folder("media_posts", "新媒体作品", "作品编号 账号 平台 发布日期 浏览量")
        followers = self.folder("media_accounts", "新媒体账号关注数", "账号 统计日期 平台 关注数")
        rng, late = posts.rng, []
        for index, year in enumerate(YEARS):
            rows, counted = late, []
            for number, (account, platform) in enumerate(self.ACCOUNTS.items()):
                for n, day in enumerate(self.days(rng, year, 40)):
                    rows.append([f"ZP{year}-{number + 1}-{n + 1:03}", account, platform, day, self.views(rng)])
                for month in (3, 6, 9, 11):
                    if number != 5 or year < 2024:  # one account is given up
                        many = 5000 * (number + 1) + 900 * index + 70 * month
                        counted.append([account, dt.date(year, month, 28), platform, many])
            posts.write(year, self.known(rows, 3), STYLES[year])
            followers.write(year, self.known(counted, 1), UNICODE_TEXT if year == 2023 else STYLES[year])
            late = [[*row[:4], 31_000 + n] for n, row in enumerate(rows) if row[3] >= dt.date(year, 12, 20)]  # read on

    # --- surveys ----------------------------------------------------------------------------------------------------

    GROUPS = ("青少年", "产业工人", "老年人", "领导干部和公务员", "城市居民")

    def survey(self, name, title, highest, cut, ages, waves):
        """Three strata of communities, clusters drawn in them, respondents with weights. `waves`: last day -> share."""
        header = "样本编号 调查批次 区域 年龄 性别 人群 层 群 层内群数 权重 得分"
        folder = self.folder(name, title, header)
        rng = folder.rng
        strata = [[c for c in self.communities if c["code"][6:9] in codes] for codes in
                  (("017", "022", "023", "026"), ("018", "019", "030", "032"), ("035", "036", "037"))]
        for day, share in waves.items():
            if day > self.until:
                continue
            rows = []
            for h, pool in enumerate(strata):
                for community in rng.sample(pool, 12):
                    here = share + (h - 1) * 0.03 + rng.gauss(0, 0.04)
                    for _ in range(60):
                        age = rng.randrange(ages[0] - 3, ages[1] + 4)  # some outside the population, whom the filter leaves out
                        literate = rng.random() < here
                        score = rng.randrange(cut, highest + 1) if literate else rng.randrange(highest // 5, cut)
                        weight = f"{(1.0 + 0.4 * h) * rng.uniform(0.7, 1.4):.4f}"
                        group = rng.choice(self.GROUPS) if rng.random() < 0.8 else None
                        rows.append([f"{len(rows) + 1:05}", f"{day.year}年{day.month}月", self.word(rng, community), age,
                                     rng.choice("男女"), group, f"第{h + 1}层", community["code"], len(pool), weight, score])
            folder.write(day.year, rows, STYLES[day.year])

    def make(self):
        self.training()
        self.youth()
        self.posts()
        self.sites()
        self.lifestyle()
        self.volunteers()
        self.events()
        self.media()
        self.survey("literacy_survey", "公民科学素质调查", 100, 70, (18, 69),
                    {dt.date(2022, 9, 25): 0.135, dt.date(2025, 9, 25): 0.195})
        self.survey("health_survey", "居民健康素养调查", 66, 53, (15, 69),
                    {dt.date(2022, 8, 20): 0.265, dt.date(2025, 8, 20): 0.312})


def main():
    parser = argparse.ArgumentParser(description="Makes the sample years of the plan (CSV).", epilog=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=pathlib.Path, required=True, help="folder in which each source gets one")
    parser.add_argument("--seed", type=int, default=20211231)
    parser.add_argument("--until", type=dt.date.fromisoformat, default=dt.date(2025, 11, 30), help="last day that is told")
    parser.add_argument("--catalog", type=pathlib.Path, default=CATALOG)
    options = parser.parse_args()
    if options.until.year not in YEARS:
        sys.exit(f"generate.py: --until lies in {YEARS[0]} to {YEARS[-1]}")
    Sample(options.out, options.seed, options.until, options.catalog).make()


if __name__ == "__main__":
    main()
