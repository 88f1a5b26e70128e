-- The live layer, the quarantine, the structure of truth and reference data.

CREATE TABLE IF NOT EXISTS `live_sales` (
  `epoch` BIGINT NOT NULL,
  `hour` DATETIME NOT NULL,
  `store_id` VARCHAR(64) NOT NULL,
  `product_id` VARCHAR(64) NOT NULL,
  `currency` CHAR(3) NOT NULL,
  `units` BIGINT NOT NULL,
  `returned_units` BIGINT NOT NULL,
  `lines` BIGINT NOT NULL,
  `receipts` BIGINT NOT NULL,
  `gross` DECIMAL(24,2) NOT NULL,
  `discount` DECIMAL(24,2) NOT NULL,
  `revenue` DECIMAL(24,2) NOT NULL,
  PRIMARY KEY (`epoch`, `hour`, `store_id`, `product_id`, `currency`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE={collation};

CREATE TABLE IF NOT EXISTS `live_stock` (
  `epoch` BIGINT NOT NULL,
  `day` DATE NOT NULL,
  `store_id` VARCHAR(64) NOT NULL,
  `product_id` VARCHAR(64) NOT NULL,
  `delivered` BIGINT NOT NULL,
  `lost` BIGINT NOT NULL,
  PRIMARY KEY (`epoch`, `day`, `store_id`, `product_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE={collation};

CREATE TABLE IF NOT EXISTS `live_counts` (
  `epoch` BIGINT NOT NULL,
  `day` DATE NOT NULL,
  `store_id` VARCHAR(64) NOT NULL,
  `product_id` VARCHAR(64) NOT NULL,
  `recorded_at` DATETIME(3) NOT NULL,
  `event_id` VARCHAR(160) NOT NULL,
  `quantity` BIGINT NOT NULL,
  PRIMARY KEY (`epoch`, `day`, `store_id`, `product_id`, `recorded_at`, `event_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE={collation};

CREATE TABLE IF NOT EXISTS `truth_sales_by_hour` (
  `generation` BIGINT NOT NULL,
  `month` CHAR(7) NOT NULL,
  `hour` DATETIME NOT NULL,
  `store_id` VARCHAR(64) NOT NULL,
  `product_id` VARCHAR(64) NOT NULL,
  `currency` CHAR(3) NOT NULL,
  `units` BIGINT NOT NULL,
  `returned_units` BIGINT NOT NULL,
  `lines` BIGINT NOT NULL,
  `receipts` BIGINT NOT NULL,
  `gross` DECIMAL(24,2) NOT NULL,
  `discount` DECIMAL(24,2) NOT NULL,
  `revenue` DECIMAL(24,2) NOT NULL,
  PRIMARY KEY (`generation`, `month`, `hour`, `store_id`, `product_id`, `currency`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE={collation};

CREATE TABLE IF NOT EXISTS `truth_sales_by_day` (
  `generation` BIGINT NOT NULL,
  `month` CHAR(7) NOT NULL,
  `day` DATE NOT NULL,
  `store_id` VARCHAR(64) NOT NULL,
  `product_id` VARCHAR(64) NOT NULL,
  `currency` CHAR(3) NOT NULL,
  `units` BIGINT NOT NULL,
  `returned_units` BIGINT NOT NULL,
  `lines` BIGINT NOT NULL,
  `receipts` BIGINT NOT NULL,
  `gross` DECIMAL(24,2) NOT NULL,
  `discount` DECIMAL(24,2) NOT NULL,
  `revenue` DECIMAL(24,2) NOT NULL,
  PRIMARY KEY (`generation`, `month`, `day`, `store_id`, `product_id`, `currency`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE={collation};

CREATE TABLE IF NOT EXISTS `truth_sales_by_month` (
  `generation` BIGINT NOT NULL,
  `month` CHAR(7) NOT NULL,
  `store_id` VARCHAR(64) NOT NULL,
  `product_id` VARCHAR(64) NOT NULL,
  `currency` CHAR(3) NOT NULL,
  `units` BIGINT NOT NULL,
  `returned_units` BIGINT NOT NULL,
  `lines` BIGINT NOT NULL,
  `receipts` BIGINT NOT NULL,
  `gross` DECIMAL(24,2) NOT NULL,
  `discount` DECIMAL(24,2) NOT NULL,
  `revenue` DECIMAL(24,2) NOT NULL,
  PRIMARY KEY (`generation`, `month`, `store_id`, `product_id`, `currency`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE={collation};

CREATE TABLE IF NOT EXISTS `truth_stock` (
  `generation` BIGINT NOT NULL,
  `month` CHAR(7) NOT NULL,
  `day` DATE NOT NULL,
  `store_id` VARCHAR(64) NOT NULL,
  `product_id` VARCHAR(64) NOT NULL,
  `delivered` BIGINT NOT NULL,
  `lost` BIGINT NOT NULL,
  PRIMARY KEY (`generation`, `month`, `day`, `store_id`, `product_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE={collation};

CREATE TABLE IF NOT EXISTS `truth_counts` (
  `generation` BIGINT NOT NULL,
  `month` CHAR(7) NOT NULL,
  `day` DATE NOT NULL,
  `store_id` VARCHAR(64) NOT NULL,
  `product_id` VARCHAR(64) NOT NULL,
  `recorded_at` DATETIME(3) NOT NULL,
  `event_id` VARCHAR(160) NOT NULL,
  `quantity` BIGINT NOT NULL,
  PRIMARY KEY (`generation`, `month`, `day`, `store_id`, `product_id`, `recorded_at`, `event_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE={collation};

CREATE TABLE IF NOT EXISTS `product_names` (
  `product_id` VARCHAR(64) NOT NULL,
  `product_name` VARCHAR(200) NOT NULL,
  `last_sold_at` DATETIME(3) NOT NULL,
  PRIMARY KEY (`product_id`, `product_name`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE={collation};

CREATE TABLE IF NOT EXISTS `stream_offsets` (
  `topic` VARCHAR(100) NOT NULL,
  `partition` INT NOT NULL,
  `next_offset` BIGINT NOT NULL,
  `counted` BIGINT NOT NULL DEFAULT 0,
  `duplicates` BIGINT NOT NULL DEFAULT 0,
  `rejected` BIGINT NOT NULL DEFAULT 0,
  `skipped` BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (`topic`, `partition`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE={collation};

CREATE TABLE IF NOT EXISTS `source_ends` (
  `topic` VARCHAR(100) NOT NULL,
  `partition` INT NOT NULL,
  `end_offset` BIGINT NOT NULL,
  PRIMARY KEY (`topic`, `partition`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE={collation};

CREATE TABLE IF NOT EXISTS `reject_counts` (
  `topic` VARCHAR(100) NOT NULL,
  `reason` VARCHAR(40) NOT NULL,
  `rejected` BIGINT NOT NULL,
  `last_at` DATETIME(3) NOT NULL,
  PRIMARY KEY (`topic`, `reason`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE={collation};

CREATE TABLE IF NOT EXISTS `stream_topics` (
  `topic` VARCHAR(100) NOT NULL,
  `topic_id` VARCHAR(64) NOT NULL,
  PRIMARY KEY (`topic`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE={collation};

CREATE TABLE IF NOT EXISTS `stream_gaps` (
  `topic` VARCHAR(100) NOT NULL,
  `partition` INT NOT NULL,
  `first_offset` BIGINT NOT NULL,
  `next_offset` BIGINT NOT NULL,
  `accepted_at` DATETIME(3) NOT NULL,
  PRIMARY KEY (`topic`, `partition`, `first_offset`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE={collation};

CREATE TABLE IF NOT EXISTS `heartbeat` (
  `layer` VARCHAR(20) NOT NULL,
  `beat_at` DATETIME(3),
  `committed_at` DATETIME(3),
  `newest_event_at` DATETIME(3),
  `state` VARCHAR(20) NOT NULL DEFAULT 'running',
  `message` VARCHAR(1000) NOT NULL DEFAULT '',
  PRIMARY KEY (`layer`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE={collation};

CREATE TABLE IF NOT EXISTS `layers` (
  `id` INT NOT NULL,
  `current_epoch` BIGINT NOT NULL,
  `published_epoch` BIGINT NOT NULL,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE={collation};

CREATE TABLE IF NOT EXISTS `epochs` (
  `epoch` BIGINT NOT NULL,
  `opened_at` DATETIME(3) NOT NULL,
  PRIMARY KEY (`epoch`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE={collation};

CREATE TABLE IF NOT EXISTS `cuts` (
  `epoch` BIGINT NOT NULL,
  `topic` VARCHAR(100) NOT NULL,
  `partition` INT NOT NULL,
  `next_offset` BIGINT NOT NULL,
  PRIMARY KEY (`epoch`, `topic`, `partition`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE={collation};

CREATE TABLE IF NOT EXISTS `generations` (
  `generation` BIGINT NOT NULL,
  `epoch` BIGINT NOT NULL,
  `run_id` VARCHAR(250) NOT NULL,
  `code_version` VARCHAR(64) NOT NULL,
  `created_at` DATETIME(3) NOT NULL,
  `published_at` DATETIME(3),
  PRIMARY KEY (`generation`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE={collation};

CREATE TABLE IF NOT EXISTS `published_months` (
  `month` CHAR(7) NOT NULL,
  `generation` BIGINT NOT NULL,
  `closed` TINYINT NOT NULL,
  PRIMARY KEY (`month`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE={collation};

CREATE TABLE IF NOT EXISTS `shop` (
  `id` INT NOT NULL,
  `timezone` VARCHAR(64) NOT NULL,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE={collation};

CREATE TABLE IF NOT EXISTS `suppliers` (
  `supplier` VARCHAR(200) NOT NULL,
  `lead_time_days` INT NOT NULL,
  PRIMARY KEY (`supplier`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE={collation};

CREATE TABLE IF NOT EXISTS `products` (
  `product_id` VARCHAR(64) NOT NULL,
  `product_name` VARCHAR(200) NOT NULL,
  `category` VARCHAR(200),
  `style` VARCHAR(200),
  `size` VARCHAR(40),
  `colour` VARCHAR(40),
  `supplier` VARCHAR(200),
  `unit_cost` DECIMAL(24,2),
  `cost_currency` CHAR(3),
  `lead_time_days` INT,
  `pack_size` INT,
  `minimum_order` INT,
  `reorder_level` BIGINT,
  `discontinued_on` DATE,
  PRIMARY KEY (`product_id`),
  KEY `category` (`category`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE={collation};

INSERT IGNORE INTO `layers` (`id`, `current_epoch`, `published_epoch`) VALUES (1, 1, 1);

INSERT IGNORE INTO `epochs` (`epoch`, `opened_at`) VALUES (1, UTC_TIMESTAMP(3));

INSERT IGNORE INTO `heartbeat` (`layer`) VALUES ('live');
