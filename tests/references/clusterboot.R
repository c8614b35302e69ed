# What tests/references/clusterboot.csv and the figures in tests/test_published_segmentation.py were made with:
# R 4.2.2, fpc 2.2-10. Input x, y; output the partitions, and the figures printed here.
library(fpc)
points <- as.matrix(read.csv("clusterboot.csv")[, c("x", "y")])
set.seed(1)
for (k in c(3, 5)) {
  run <- clusterboot(points, B = 1000, bootmethod = "boot", clustermethod = kmeansCBI, krange = k, runs = 10, seed = 11, count = FALSE)
  print(run$partition)
  print(run$bootmean, digits = 8)
  print(run$bootrecover)
  print(run$bootbrd)
  print(apply(run$bootresult, 1, sd))
}
