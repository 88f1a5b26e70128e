-- The nightly truth: who recounted which month when, from which raw events, checked how.

-- Nothing has written `cuts` and `generations` before this. MySQL knows no ADD COLUMN IF NOT EXISTS, and a migration
-- that was cut off is run again.
SET @missing = (SELECT COUNT(*) = 0 FROM information_schema.columns
  WHERE table_schema = DATABASE() AND table_name = 'cuts' AND column_name = 'counted');

SET @change = IF(@missing, 'ALTER TABLE `cuts` ADD COLUMN `counted` BIGINT NOT NULL, ADD COLUMN `duplicates` BIGINT NOT NULL, ADD COLUMN `rejected` BIGINT NOT NULL', 'DO 0');

PREPARE change_table FROM @change;

EXECUTE change_table;

SET @missing = (SELECT COUNT(*) = 0 FROM information_schema.columns
  WHERE table_schema = DATABASE() AND table_name = 'generations' AND column_name = 'kind');

SET @change = IF(@missing, 'ALTER TABLE `generations` ADD COLUMN `kind` VARCHAR(20) NOT NULL AFTER `run_id`, ADD COLUMN `asked_month` CHAR(7) AFTER `kind`, ADD COLUMN `base_epoch` BIGINT NOT NULL AFTER `asked_month`, ADD COLUMN `profiled_at` DATETIME(3) AFTER `created_at`, ADD COLUMN `recounts` INT NOT NULL DEFAULT 0 AFTER `profiled_at`, ADD COLUMN `recounted_at` DATETIME(3) AFTER `recounts`, ADD UNIQUE KEY `run_id` (`run_id`)', 'DO 0');

PREPARE change_table FROM @change;

EXECUTE change_table;

SET @missing = (SELECT COUNT(*) = 0 FROM information_schema.columns
  WHERE table_schema = DATABASE() AND table_name = 'layers' AND column_name = 'final_before');

SET @change = IF(@missing, 'ALTER TABLE `layers` ADD COLUMN `final_before` CHAR(7) NOT NULL DEFAULT \'\'', 'DO 0');

PREPARE change_table FROM @change;

EXECUTE change_table;

DEALLOCATE PREPARE change_table;

CREATE TABLE IF NOT EXISTS `generation_months` (
  `generation` BIGINT NOT NULL,
  `month` CHAR(7) NOT NULL,
  `closed` TINYINT NOT NULL,
  `first_final` TINYINT NOT NULL DEFAULT 0,
  PRIMARY KEY (`generation`, `month`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE={collation};

CREATE TABLE IF NOT EXISTS `publications` (
  `publication` BIGINT NOT NULL,
  `generation` BIGINT NOT NULL,
  `epoch` BIGINT NOT NULL,
  `origin` BIGINT NOT NULL,
  `kind` VARCHAR(20) NOT NULL,
  `published_at` DATETIME(3) NOT NULL,
  PRIMARY KEY (`publication`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE={collation};

CREATE TABLE IF NOT EXISTS `publication_months` (
  `publication` BIGINT NOT NULL,
  `month` CHAR(7) NOT NULL,
  `generation` BIGINT NOT NULL,
  `closed` TINYINT NOT NULL,
  PRIMARY KEY (`publication`, `month`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE={collation};

CREATE TABLE IF NOT EXISTS `raw_blocks` (
  `topic` VARCHAR(100) NOT NULL,
  `partition` INT NOT NULL,
  `block` BIGINT NOT NULL,
  `month` CHAR(7) NOT NULL,
  `events` BIGINT NOT NULL,
  `first_offset` BIGINT NOT NULL,
  `last_offset` BIGINT NOT NULL,
  PRIMARY KEY (`topic`, `partition`, `block`, `month`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE={collation};

CREATE TABLE IF NOT EXISTS `slice_profile` (
  `generation` BIGINT NOT NULL,
  `topic` VARCHAR(100) NOT NULL,
  `partition` INT NOT NULL,
  `day` DATE NOT NULL,
  `kind` VARCHAR(20) NOT NULL,
  `currency` CHAR(3) NOT NULL,
  `events` BIGINT NOT NULL,
  `units` BIGINT NOT NULL,
  `revenue` DECIMAL(24,2) NOT NULL,
  PRIMARY KEY (`generation`, `topic`, `partition`, `day`, `kind`, `currency`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE={collation};

CREATE TABLE IF NOT EXISTS `quality_results` (
  `run_id` VARCHAR(250) NOT NULL,
  `stage` VARCHAR(20) NOT NULL,
  `check_name` VARCHAR(150) NOT NULL,
  `severity` VARCHAR(20) NOT NULL,
  `passed` TINYINT NOT NULL,
  `observed` VARCHAR(1000) NOT NULL,
  `expected` VARCHAR(1000) NOT NULL,
  `detail` VARCHAR(1000) NOT NULL,
  `rows_seen` BIGINT NOT NULL,
  `checked_at` DATETIME(3) NOT NULL,
  PRIMARY KEY (`run_id`, `stage`, `check_name`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE={collation};

CREATE TABLE IF NOT EXISTS `reconciliations` (
  `generation` BIGINT NOT NULL,
  `figure` VARCHAR(20) NOT NULL,
  `day` DATE NOT NULL,
  `store_id` VARCHAR(64) NOT NULL,
  `product_id` VARCHAR(64) NOT NULL,
  `currency` CHAR(3) NOT NULL,
  `published_units` BIGINT NOT NULL,
  `live_units` BIGINT NOT NULL,
  `candidate_units` BIGINT NOT NULL,
  `published_revenue` DECIMAL(24,2) NOT NULL,
  `live_revenue` DECIMAL(24,2) NOT NULL,
  `candidate_revenue` DECIMAL(24,2) NOT NULL,
  `units_difference` BIGINT NOT NULL,
  `revenue_difference` DECIMAL(24,2) NOT NULL,
  `cause` VARCHAR(20) NOT NULL,
  PRIMARY KEY (`generation`, `figure`, `day`, `store_id`, `product_id`, `currency`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE={collation};

CREATE TABLE IF NOT EXISTS `restatement_rows` (
  `generation` BIGINT NOT NULL,
  `month` CHAR(7) NOT NULL,
  `store_id` VARCHAR(64) NOT NULL,
  `product_id` VARCHAR(64) NOT NULL,
  `currency` CHAR(3) NOT NULL,
  `before_units` BIGINT NOT NULL,
  `after_units` BIGINT NOT NULL,
  `before_revenue` DECIMAL(24,2) NOT NULL,
  `after_revenue` DECIMAL(24,2) NOT NULL,
  `cause` VARCHAR(20) NOT NULL,
  PRIMARY KEY (`generation`, `month`, `store_id`, `product_id`, `currency`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE={collation};

CREATE TABLE IF NOT EXISTS `stream_looks` (
  `topic` VARCHAR(100) NOT NULL,
  `partition` INT NOT NULL,
  `next_offset` BIGINT NOT NULL,
  `counted` BIGINT NOT NULL,
  `rejected` BIGINT NOT NULL,
  `looked_at` DATETIME(3) NOT NULL,
  PRIMARY KEY (`topic`, `partition`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE={collation};
