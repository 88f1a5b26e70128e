-- The forecast and the plan: what was issued, what became of it, what was ordered.

CREATE TABLE IF NOT EXISTS `forecasts` (
  `forecast` BIGINT NOT NULL,
  `run_id` VARCHAR(250) NOT NULL,
  `generation` BIGINT NOT NULL,
  `issued_on` DATE NOT NULL,
  `history_months` INT NOT NULL,
  `code_version` VARCHAR(64) NOT NULL,
  `created_at` DATETIME(3) NOT NULL,
  `written_at` DATETIME(3),
  `published_at` DATETIME(3),
  PRIMARY KEY (`forecast`),
  UNIQUE KEY `run_id` (`run_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE={collation};

CREATE TABLE IF NOT EXISTS `current_forecast` (
  `id` INT NOT NULL,
  `forecast` BIGINT NOT NULL,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE={collation};

CREATE TABLE IF NOT EXISTS `forecast_months` (
  `forecast` BIGINT NOT NULL,
  `store_id` VARCHAR(64) NOT NULL,
  `product_id` VARCHAR(64) NOT NULL,
  `month` CHAR(7) NOT NULL,
  `quantity` DECIMAL(20,3) NOT NULL,
  `p10` DECIMAL(20,3) NOT NULL,
  `p50` DECIMAL(20,3) NOT NULL,
  `p90` DECIMAL(20,3) NOT NULL,
  `naive` DECIMAL(20,3),
  `method` VARCHAR(20) NOT NULL,
  `backtest_error` DECIMAL(20,3),
  `naive_error` DECIMAL(20,3),
  `last_month_error` DECIMAL(20,3),
  `season_known` TINYINT NOT NULL,
  PRIMARY KEY (`forecast`, `store_id`, `product_id`, `month`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE={collation};

CREATE TABLE IF NOT EXISTS `forecast_models` (
  `forecast` BIGINT NOT NULL,
  `store_id` VARCHAR(64) NOT NULL,
  `product_id` VARCHAR(64) NOT NULL,
  `history` MEDIUMTEXT NOT NULL,
  `weights` MEDIUMTEXT NOT NULL,
  `expected` MEDIUMTEXT NOT NULL,
  `sums` MEDIUMTEXT NOT NULL,
  PRIMARY KEY (`forecast`, `store_id`, `product_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE={collation};

CREATE TABLE IF NOT EXISTS `forecast_scores` (
  `forecast` BIGINT NOT NULL,
  `store_id` VARCHAR(64) NOT NULL,
  `product_id` VARCHAR(64) NOT NULL,
  `month` CHAR(7) NOT NULL,
  `actual` DECIMAL(20,3) NOT NULL,
  `sold` BIGINT NOT NULL,
  `scored_at` DATETIME(3) NOT NULL,
  PRIMARY KEY (`forecast`, `store_id`, `product_id`, `month`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE={collation};

CREATE TABLE IF NOT EXISTS `plan_lines` (
  `forecast` BIGINT NOT NULL,
  `store_id` VARCHAR(64) NOT NULL,
  `product_id` VARCHAR(64) NOT NULL,
  `quantity` BIGINT NOT NULL,
  `order_by` DATE,
  `refill_month` CHAR(7),
  `urgency` VARCHAR(20) NOT NULL,
  `reorder_point` DECIMAL(20,3) NOT NULL,
  `order_up_to` DECIMAL(20,3) NOT NULL,
  `safety_stock` DECIMAL(20,3) NOT NULL,
  `service` DECIMAL(9,6) NOT NULL,
  `abc` VARCHAR(20) NOT NULL,
  `months_of_cover` DECIMAL(20,3),
  `runs_out_on` DATE,
  `on_hand` BIGINT NOT NULL,
  `on_order` BIGINT NOT NULL,
  `reserved` BIGINT NOT NULL,
  `lead_time_days` INT,
  `pack_size` INT NOT NULL,
  `minimum_order` INT NOT NULL,
  `supplier` VARCHAR(200),
  `unit_cost` DECIMAL(24,2),
  `cost` DECIMAL(24,2),
  `cost_currency` CHAR(3),
  `reason` VARCHAR(1000) NOT NULL,
  `idle` VARCHAR(20) NOT NULL,
  `idle_units` BIGINT NOT NULL,
  `idle_cost` DECIMAL(24,2),
  `sell_through` DECIMAL(9,6),
  `lost_units` DECIMAL(20,3) NOT NULL,
  `lost_revenue` DECIMAL(24,2),
  `price_currency` CHAR(3),
  PRIMARY KEY (`forecast`, `store_id`, `product_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE={collation};

CREATE TABLE IF NOT EXISTS `plan_months` (
  `forecast` BIGINT NOT NULL,
  `store_id` VARCHAR(64) NOT NULL,
  `product_id` VARCHAR(64) NOT NULL,
  `month` CHAR(7) NOT NULL,
  `quantity` BIGINT NOT NULL,
  `order_by` DATE NOT NULL,
  `cost` DECIMAL(24,2),
  `reason` VARCHAR(1000) NOT NULL,
  PRIMARY KEY (`forecast`, `store_id`, `product_id`, `month`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE={collation};

CREATE TABLE IF NOT EXISTS `broken_size_runs` (
  `forecast` BIGINT NOT NULL,
  `store_id` VARCHAR(64) NOT NULL,
  `style` VARCHAR(200) NOT NULL,
  `colour` VARCHAR(40) NOT NULL,
  `state` VARCHAR(1000) NOT NULL,
  PRIMARY KEY (`forecast`, `store_id`, `style`, `colour`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE={collation};

CREATE TABLE IF NOT EXISTS `orders` (
  `order_id` BIGINT NOT NULL,
  `store_id` VARCHAR(64) NOT NULL,
  `product_id` VARCHAR(64) NOT NULL,
  `quantity` BIGINT NOT NULL,
  `received` BIGINT NOT NULL DEFAULT 0,
  `ordered_on` DATE NOT NULL,
  `due_on` DATE NOT NULL,
  `closed_on` DATE,
  `recorded_at` DATETIME(3) NOT NULL,
  PRIMARY KEY (`order_id`),
  KEY `product_id` (`product_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE={collation};

CREATE TABLE IF NOT EXISTS `expected_uplifts` (
  `month` CHAR(7) NOT NULL,
  `product_id` VARCHAR(64) NOT NULL,
  `factor` DECIMAL(20,3) NOT NULL,
  PRIMARY KEY (`month`, `product_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE={collation};

INSERT IGNORE INTO `current_forecast` (`id`, `forecast`) VALUES (1, 0);
