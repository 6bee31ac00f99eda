# What R's package `survey` says of its own `api` data: one line a case, read by tests/unit/measure/survey_test.cpp.
#   Rscript record.R              writes the cases to standard output; expected.csv is that
#   Rscript record.R --data       writes the columns of the data that the cases need; api.csv is that
suppressPackageStartupMessages(library(survey))
data(api)
options(digits = 15, survey.lonely.psu = "adjust", survey.ultimate.cluster = TRUE)

samples <- list(apisrs = apisrs, apistrat = apistrat, apiclus1 = apiclus1, apiclus2 = apiclus2)
for (name in names(samples)) {
  one <- samples[[name]]
  one$weight <- one$pw
  # Of clusters where there are some: all 757 districts.
  one$population <- if (name == "apiclus2") one$fpc1 else one$fpc
  one$target <- as.numeric(one$sch.wide == "Yes")
  one$high <- as.numeric(one$api00 >= 880)  # few: near the edge
  one$all <- 1
  one$none <- 0
  one$alone <- ifelse(one$dnum == one$dnum[1], "alone", "rest")  # a stratum with one district
  samples[[name]] <- one
}

if (identical(commandArgs(TRUE), "--data")) {
  all <- do.call(rbind, lapply(names(samples), function(name) {
    data.frame(sample = name, samples[[name]][, c("cds", "stype", "dnum", "alone", "api00", "enroll", "target", "high",
                                                  "all", "none", "weight", "population")])
  }))
  write.csv(format(all, digits = 15, trim = TRUE), row.names = FALSE, quote = FALSE)
  quit()
}

number <- function(x) format(as.numeric(x), digits = 15)
wilson <- function(p, n, t) {
  # The score interval with the quantile t in the place of the normal one.
  as.numeric(prop.test(p * n, n, conf.level = 2 * pnorm(t) - 1, correct = FALSE)$conf.int)
}

case <- function(sample, strata, cluster, population, kind, variable, domain = "") {
  data <- samples[[sample]]
  formula_of <- function(name, none) if (name == "") none else as.formula(paste0("~", name))
  design <- svydesign(id = formula_of(cluster, ~1), strata = formula_of(strata, NULL), weights = ~weight, data = data,
                      fpc = if (population) ~population else NULL, nest = TRUE)
  if (domain != "") design <- subset(design, stype == domain)
  design <- subset(design, !is.na(design$variables[[variable]]))
  about <- as.formula(paste0("~", variable))
  found <- if (kind == "total") svytotal(about, design, deff = "replace") else svymean(about, design, deff = "replace")
  degrees <- degf(design)
  estimate <- coef(found)
  error <- as.numeric(SE(found))
  effect <- as.numeric(deff(found))
  interval <- as.numeric(confint(found, df = degrees))
  n <- sum(weights(design) != 0)
  if (kind == "rate") {
    t <- qt(0.975, degrees)
    effective <- if (is.finite(effect) && effect > 0) n / effect else sum(weights(design))^2 / sum(weights(design)^2)
    if (error == 0 || estimate - 3 * error < 0 || estimate + 3 * error > 1)
      interval <- wilson(estimate, min(effective, n), t)
    else
      stopifnot(all.equal(interval, as.numeric(confint(svyciprop(about, design, method = "mean", df = degrees)))))
    estimate <- 100 * estimate
    error <- 100 * error
    interval <- 100 * interval
  }
  if (!is.finite(effect)) effect <- NaN
  cat(sample, strata, cluster, as.integer(population), kind, variable, domain, number(estimate), number(error),
      number(effect), degrees, n, number(interval[1]), number(interval[2]), sep = ",")
  cat("\n")
}

cat("sample,strata,cluster,population,kind,variable,domain,estimate,standard_error,design_effect,degrees,n,low,high\n")
designs <- list(
  list("apisrs", "", "", FALSE), list("apisrs", "", "", TRUE),
  list("apistrat", "stype", "", FALSE), list("apistrat", "stype", "", TRUE),
  list("apiclus1", "", "dnum", FALSE), list("apiclus1", "", "dnum", TRUE),
  list("apiclus1", "alone", "dnum", FALSE),   # one lonely stratum
  list("apiclus2", "", "dnum", FALSE), list("apiclus2", "", "dnum", TRUE))
for (design in designs) {
  for (domain in c("", "E", "H")) {
    for (about in list(c("mean", "api00"), c("mean", "enroll"), c("total", "enroll"), c("total", "target"),
                       c("rate", "target"), c("rate", "high"), c("rate", "all"), c("rate", "none"))) {
      do.call(case, c(design, about[1], about[2], domain))
    }
  }
}
