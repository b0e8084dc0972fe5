package vehicle

// Paths of the signals that the product itself uses. A car may report more;
// the catalogue (vehicle/vss) has them all. The comment gives the VSS unit, or
// the type where there is no unit, and "asked" for an actuator of the catalogue
// (whether a car takes the command is the car's affair).
//
// Rows count from the front; Driver and Passenger are the sides of the car as
// it is built (VSS DriverSide and PassengerSide), Left and Right are as seen
// in driving direction.

// Motion.
const (
	Speed                    Path = "Vehicle.Speed"                     // km/h
	IsMoving                 Path = "Vehicle.IsMoving"                  // boolean
	TraveledDistance         Path = "Vehicle.TraveledDistance"          // m
	TripMeterReading         Path = "Vehicle.TripMeterReading"          // m; asked
	AverageSpeed             Path = "Vehicle.AverageSpeed"              // km/h
	AccelerationLongitudinal Path = "Vehicle.Acceleration.Longitudinal" // m/s^2
	AccelerationLateral      Path = "Vehicle.Acceleration.Lateral"      // m/s^2
	AngularVelocityYaw       Path = "Vehicle.AngularVelocity.Yaw"       // degrees/s
)

// Low-voltage supply.
const (
	LowVoltageSystemState    Path = "Vehicle.LowVoltageSystemState"            // UNDEFINED, LOCK, OFF, ACC, ON, START
	LowVoltageBatteryVoltage Path = "Vehicle.LowVoltageBattery.CurrentVoltage" // V
	LowVoltageBatteryCurrent Path = "Vehicle.LowVoltageBattery.CurrentCurrent" // A
)

// Place and surroundings.
const (
	Latitude               Path = "Vehicle.CurrentLocation.Latitude"  // degrees
	Longitude              Path = "Vehicle.CurrentLocation.Longitude" // degrees
	Heading                Path = "Vehicle.CurrentLocation.Heading"   // degrees
	Altitude               Path = "Vehicle.CurrentLocation.Altitude"  // m
	ExteriorAirTemperature Path = "Vehicle.Exterior.AirTemperature"   // Celsius
	ExteriorLightIntensity Path = "Vehicle.Exterior.LightIntensity"   // percent
	ExteriorHumidity       Path = "Vehicle.Exterior.Humidity"         // percent
)

// Drive.
const (
	Range                   Path = "Vehicle.Powertrain.Range"                                   // m
	CurrentGear             Path = "Vehicle.Powertrain.Transmission.CurrentGear"                // 0 neutral, 1, 2.. forward (1 is D of one gear), -1.. reverse, 126 park
	SelectedGear            Path = "Vehicle.Powertrain.Transmission.SelectedGear"               // as CurrentGear; asked
	IsParkLockEngaged       Path = "Vehicle.Powertrain.Transmission.IsParkLockEngaged"          // boolean; asked
	PerformanceMode         Path = "Vehicle.Powertrain.Transmission.PerformanceMode"            // NORMAL, SPORT, ECONOMY, SNOW, RAIN; asked
	MotorPower              Path = "Vehicle.Powertrain.ElectricMotor.Power"                     // kW
	MotorSpeed              Path = "Vehicle.Powertrain.ElectricMotor.Speed"                     // rpm
	MotorTorque             Path = "Vehicle.Powertrain.ElectricMotor.Torque"                    // Nm
	MotorTemperature        Path = "Vehicle.Powertrain.ElectricMotor.Temperature"               // Celsius
	MotorCoolantTemperature Path = "Vehicle.Powertrain.ElectricMotor.EngineCoolant.Temperature" // Celsius
	TimeRemaining           Path = "Vehicle.Powertrain.TimeRemaining"                           // s
)

// High-voltage battery and charging.
const (
	StateOfChargeDisplayed    Path = "Vehicle.Powertrain.TractionBattery.StateOfCharge.Displayed"                                    // percent
	StateOfChargeCurrent      Path = "Vehicle.Powertrain.TractionBattery.StateOfCharge.Current"                                      // percent
	BatteryPower              Path = "Vehicle.Powertrain.TractionBattery.CurrentPower"                                               // W
	BatteryVoltage            Path = "Vehicle.Powertrain.TractionBattery.CurrentVoltage"                                             // V
	BatteryCurrent            Path = "Vehicle.Powertrain.TractionBattery.CurrentCurrent"                                             // A
	BatteryTemperatureAverage Path = "Vehicle.Powertrain.TractionBattery.Temperature.Average"                                        // Celsius
	BatteryTemperatureMin     Path = "Vehicle.Powertrain.TractionBattery.Temperature.Min"                                            // Celsius
	BatteryTemperatureMax     Path = "Vehicle.Powertrain.TractionBattery.Temperature.Max"                                            // Celsius
	BatteryRange              Path = "Vehicle.Powertrain.TractionBattery.Range"                                                      // m
	BatteryStateOfHealth      Path = "Vehicle.Powertrain.TractionBattery.StateOfHealth"                                              // percent
	BatteryCellVoltageMin     Path = "Vehicle.Powertrain.TractionBattery.CellVoltage.Min"                                            // V
	BatteryCellVoltageMax     Path = "Vehicle.Powertrain.TractionBattery.CellVoltage.Max"                                            // V
	IsCharging                Path = "Vehicle.Powertrain.TractionBattery.Charging.IsCharging"                                        // boolean
	IsChargingCableConnected  Path = "Vehicle.Powertrain.TractionBattery.Charging.ChargingPort.AnyPosition.IsChargingCableConnected" // boolean
	ChargeLimit               Path = "Vehicle.Powertrain.TractionBattery.Charging.ChargeLimit"                                       // percent; asked
	ChargingTimeToComplete    Path = "Vehicle.Powertrain.TractionBattery.Charging.TimeToComplete"                                    // s
	ChargingAveragePower      Path = "Vehicle.Powertrain.TractionBattery.Charging.AveragePower"                                      // kW
)

// Pedals, steering, brakes.
const (
	AcceleratorPedalPosition Path = "Vehicle.Chassis.Accelerator.PedalPosition"    // percent
	BrakePedalPosition       Path = "Vehicle.Chassis.Brake.PedalPosition"          // percent
	ParkingBrakeIsEngaged    Path = "Vehicle.Chassis.ParkingBrake.IsEngaged"       // boolean; asked
	SteeringWheelAngle       Path = "Vehicle.Chassis.SteeringWheel.Angle"          // degrees
	SteeringWheelHeating     Path = "Vehicle.Chassis.SteeringWheel.HeatingCooling" // percent; asked
)

// Wheels and tyres.
const (
	FrontWheelLeftSpeed              Path = "Vehicle.Chassis.Axle.Row1.Wheel.Left.Speed"               // km/h
	FrontWheelLeftTirePressure       Path = "Vehicle.Chassis.Axle.Row1.Wheel.Left.Tire.Pressure"       // kPa
	FrontWheelLeftTireTemperature    Path = "Vehicle.Chassis.Axle.Row1.Wheel.Left.Tire.Temperature"    // Celsius
	FrontWheelLeftTireIsPressureLow  Path = "Vehicle.Chassis.Axle.Row1.Wheel.Left.Tire.IsPressureLow"  // boolean
	FrontWheelLeftBrakePadWear       Path = "Vehicle.Chassis.Axle.Row1.Wheel.Left.Brake.PadWear"       // percent
	FrontWheelRightSpeed             Path = "Vehicle.Chassis.Axle.Row1.Wheel.Right.Speed"              // km/h
	FrontWheelRightTirePressure      Path = "Vehicle.Chassis.Axle.Row1.Wheel.Right.Tire.Pressure"      // kPa
	FrontWheelRightTireTemperature   Path = "Vehicle.Chassis.Axle.Row1.Wheel.Right.Tire.Temperature"   // Celsius
	FrontWheelRightTireIsPressureLow Path = "Vehicle.Chassis.Axle.Row1.Wheel.Right.Tire.IsPressureLow" // boolean
	FrontWheelRightBrakePadWear      Path = "Vehicle.Chassis.Axle.Row1.Wheel.Right.Brake.PadWear"      // percent
	RearWheelLeftSpeed               Path = "Vehicle.Chassis.Axle.Row2.Wheel.Left.Speed"               // km/h
	RearWheelLeftTirePressure        Path = "Vehicle.Chassis.Axle.Row2.Wheel.Left.Tire.Pressure"       // kPa
	RearWheelLeftTireTemperature     Path = "Vehicle.Chassis.Axle.Row2.Wheel.Left.Tire.Temperature"    // Celsius
	RearWheelLeftTireIsPressureLow   Path = "Vehicle.Chassis.Axle.Row2.Wheel.Left.Tire.IsPressureLow"  // boolean
	RearWheelLeftBrakePadWear        Path = "Vehicle.Chassis.Axle.Row2.Wheel.Left.Brake.PadWear"       // percent
	RearWheelRightSpeed              Path = "Vehicle.Chassis.Axle.Row2.Wheel.Right.Speed"              // km/h
	RearWheelRightTirePressure       Path = "Vehicle.Chassis.Axle.Row2.Wheel.Right.Tire.Pressure"      // kPa
	RearWheelRightTireTemperature    Path = "Vehicle.Chassis.Axle.Row2.Wheel.Right.Tire.Temperature"   // Celsius
	RearWheelRightTireIsPressureLow  Path = "Vehicle.Chassis.Axle.Row2.Wheel.Right.Tire.IsPressureLow" // boolean
	RearWheelRightBrakePadWear       Path = "Vehicle.Chassis.Axle.Row2.Wheel.Right.Brake.PadWear"      // percent
)

// Driver assistance.
const (
	ABSIsEngaged                 Path = "Vehicle.ADAS.ABS.IsEngaged"                            // boolean
	ABSIsError                   Path = "Vehicle.ADAS.ABS.IsError"                              // boolean
	ESCIsEngaged                 Path = "Vehicle.ADAS.ESC.IsEngaged"                            // boolean
	ESCIsError                   Path = "Vehicle.ADAS.ESC.IsError"                              // boolean
	ESCIsEnabled                 Path = "Vehicle.ADAS.ESC.IsEnabled"                            // boolean; asked
	TCSIsEngaged                 Path = "Vehicle.ADAS.TCS.IsEngaged"                            // boolean
	CruiseControlIsActive        Path = "Vehicle.ADAS.CruiseControl.IsActive"                   // boolean; asked
	CruiseControlSpeedSet        Path = "Vehicle.ADAS.CruiseControl.SpeedSet"                   // km/h; asked
	CruiseControlIsEnabled       Path = "Vehicle.ADAS.CruiseControl.IsEnabled"                  // boolean; asked
	LaneDepartureIsEnabled       Path = "Vehicle.ADAS.LaneDepartureDetection.IsEnabled"         // boolean; asked
	LaneDepartureIsWarning       Path = "Vehicle.ADAS.LaneDepartureDetection.IsWarning"         // boolean
	ObstacleFrontLeftDistance    Path = "Vehicle.ADAS.ObstacleDetection.Front.Left.Distance"    // m
	ObstacleFrontLeftIsWarning   Path = "Vehicle.ADAS.ObstacleDetection.Front.Left.IsWarning"   // boolean
	ObstacleFrontCenterDistance  Path = "Vehicle.ADAS.ObstacleDetection.Front.Center.Distance"  // m
	ObstacleFrontCenterIsWarning Path = "Vehicle.ADAS.ObstacleDetection.Front.Center.IsWarning" // boolean
	ObstacleFrontRightDistance   Path = "Vehicle.ADAS.ObstacleDetection.Front.Right.Distance"   // m
	ObstacleFrontRightIsWarning  Path = "Vehicle.ADAS.ObstacleDetection.Front.Right.IsWarning"  // boolean
	ObstacleRearLeftDistance     Path = "Vehicle.ADAS.ObstacleDetection.Rear.Left.Distance"     // m
	ObstacleRearLeftIsWarning    Path = "Vehicle.ADAS.ObstacleDetection.Rear.Left.IsWarning"    // boolean
	ObstacleRearCenterDistance   Path = "Vehicle.ADAS.ObstacleDetection.Rear.Center.Distance"   // m
	ObstacleRearCenterIsWarning  Path = "Vehicle.ADAS.ObstacleDetection.Rear.Center.IsWarning"  // boolean
	ObstacleRearRightDistance    Path = "Vehicle.ADAS.ObstacleDetection.Rear.Right.Distance"    // m
	ObstacleRearRightIsWarning   Path = "Vehicle.ADAS.ObstacleDetection.Rear.Right.IsWarning"   // boolean
)

// Lights.
const (
	LightsBeamLowIsOn         Path = "Vehicle.Body.Lights.Beam.Low.IsOn"                        // boolean; asked
	LightsBeamHighIsOn        Path = "Vehicle.Body.Lights.Beam.High.IsOn"                       // boolean; asked
	LightsParkingIsOn         Path = "Vehicle.Body.Lights.Parking.IsOn"                         // boolean; asked
	LightsRunningIsOn         Path = "Vehicle.Body.Lights.Running.IsOn"                         // boolean; asked
	LightsFogFrontIsOn        Path = "Vehicle.Body.Lights.Fog.Front.IsOn"                       // boolean; asked
	LightsFogRearIsOn         Path = "Vehicle.Body.Lights.Fog.Rear.IsOn"                        // boolean; asked
	LightsBrakeIsActive       Path = "Vehicle.Body.Lights.Brake.IsActive"                       // INACTIVE, ACTIVE, ADAPTIVE; asked
	LightsBackupIsOn          Path = "Vehicle.Body.Lights.Backup.IsOn"                          // boolean; asked
	LightsHazardIsSignaling   Path = "Vehicle.Body.Lights.Hazard.IsSignaling"                   // boolean; asked
	IndicatorLeftIsSignaling  Path = "Vehicle.Body.Lights.DirectionIndicator.Left.IsSignaling"  // boolean; asked
	IndicatorRightIsSignaling Path = "Vehicle.Body.Lights.DirectionIndicator.Right.IsSignaling" // boolean; asked
	LightSwitch               Path = "Vehicle.Body.Lights.LightSwitch"                          // OFF, POSITION, DAYTIME_RUNNING_LIGHTS, AUTO, BEAM; asked
	LightsBeamLowIsDefect     Path = "Vehicle.Body.Lights.Beam.Low.IsDefect"                    // boolean
	LightsBeamHighIsDefect    Path = "Vehicle.Body.Lights.Beam.High.IsDefect"                   // boolean
	LightsBrakeIsDefect       Path = "Vehicle.Body.Lights.Brake.IsDefect"                       // boolean
)

// Body.
const (
	HoodIsOpen                  Path = "Vehicle.Body.Hood.IsOpen"                             // boolean; asked
	TrunkFrontIsOpen            Path = "Vehicle.Body.Trunk.Front.IsOpen"                      // boolean; asked
	TrunkRearIsOpen             Path = "Vehicle.Body.Trunk.Rear.IsOpen"                       // boolean; asked
	TrunkRearIsLocked           Path = "Vehicle.Body.Trunk.Rear.IsLocked"                     // boolean; asked
	HornIsActive                Path = "Vehicle.Body.Horn.IsActive"                           // boolean; asked
	WindshieldFrontWipingMode   Path = "Vehicle.Body.Windshield.Front.Wiping.Mode"            // OFF, SLOW, MEDIUM, FAST, INTERVAL, RAIN_SENSOR; asked
	WindshieldFrontIsHeatingOn  Path = "Vehicle.Body.Windshield.Front.IsHeatingOn"            // boolean; asked
	WindshieldRearIsHeatingOn   Path = "Vehicle.Body.Windshield.Rear.IsHeatingOn"             // boolean; asked
	WasherFluidIsLevelLow       Path = "Vehicle.Body.Windshield.Front.WasherFluid.IsLevelLow" // boolean
	RainIntensity               Path = "Vehicle.Body.Raindetection.Intensity"                 // percent
	MirrorsDriverIsFolded       Path = "Vehicle.Body.Mirrors.DriverSide.IsFolded"             // boolean; asked
	MirrorsDriverIsHeatingOn    Path = "Vehicle.Body.Mirrors.DriverSide.IsHeatingOn"          // boolean; asked
	MirrorsPassengerIsFolded    Path = "Vehicle.Body.Mirrors.PassengerSide.IsFolded"          // boolean; asked
	MirrorsPassengerIsHeatingOn Path = "Vehicle.Body.Mirrors.PassengerSide.IsHeatingOn"       // boolean; asked
)

// Doors and windows.
const (
	DoorRow1DriverIsOpen            Path = "Vehicle.Cabin.Door.Row1.DriverSide.IsOpen"             // boolean; asked
	DoorRow1DriverIsLocked          Path = "Vehicle.Cabin.Door.Row1.DriverSide.IsLocked"           // boolean; asked
	DoorRow1DriverWindowPosition    Path = "Vehicle.Cabin.Door.Row1.DriverSide.Window.Position"    // percent; asked
	DoorRow1PassengerIsOpen         Path = "Vehicle.Cabin.Door.Row1.PassengerSide.IsOpen"          // boolean; asked
	DoorRow1PassengerIsLocked       Path = "Vehicle.Cabin.Door.Row1.PassengerSide.IsLocked"        // boolean; asked
	DoorRow1PassengerWindowPosition Path = "Vehicle.Cabin.Door.Row1.PassengerSide.Window.Position" // percent; asked
	DoorRow2DriverIsOpen            Path = "Vehicle.Cabin.Door.Row2.DriverSide.IsOpen"             // boolean; asked
	DoorRow2DriverIsLocked          Path = "Vehicle.Cabin.Door.Row2.DriverSide.IsLocked"           // boolean; asked
	DoorRow2DriverWindowPosition    Path = "Vehicle.Cabin.Door.Row2.DriverSide.Window.Position"    // percent; asked
	DoorRow2PassengerIsOpen         Path = "Vehicle.Cabin.Door.Row2.PassengerSide.IsOpen"          // boolean; asked
	DoorRow2PassengerIsLocked       Path = "Vehicle.Cabin.Door.Row2.PassengerSide.IsLocked"        // boolean; asked
	DoorRow2PassengerWindowPosition Path = "Vehicle.Cabin.Door.Row2.PassengerSide.Window.Position" // percent; asked
	SunroofPosition                 Path = "Vehicle.Cabin.Sunroof.Position"                        // percent
)

// Seats.
const (
	SeatRow1DriverIsBelted            Path = "Vehicle.Cabin.Seat.Row1.DriverSide.IsBelted"             // boolean
	SeatRow1DriverOccupancyStatus     Path = "Vehicle.Cabin.Seat.Row1.DriverSide.OccupancyStatus"      // UNKNOWN, OCCUPIED, EMPTY
	SeatRow1DriverHeating             Path = "Vehicle.Cabin.Seat.Row1.DriverSide.HeatingCooling"       // percent; asked
	SeatRow1DriverAirbagIsDeployed    Path = "Vehicle.Cabin.Seat.Row1.DriverSide.Airbag.IsDeployed"    // boolean
	SeatRow1PassengerIsBelted         Path = "Vehicle.Cabin.Seat.Row1.PassengerSide.IsBelted"          // boolean
	SeatRow1PassengerOccupancyStatus  Path = "Vehicle.Cabin.Seat.Row1.PassengerSide.OccupancyStatus"   // UNKNOWN, OCCUPIED, EMPTY
	SeatRow1PassengerHeating          Path = "Vehicle.Cabin.Seat.Row1.PassengerSide.HeatingCooling"    // percent; asked
	SeatRow1PassengerAirbagIsDeployed Path = "Vehicle.Cabin.Seat.Row1.PassengerSide.Airbag.IsDeployed" // boolean
	SeatRow2DriverIsBelted            Path = "Vehicle.Cabin.Seat.Row2.DriverSide.IsBelted"             // boolean
	SeatRow2DriverOccupancyStatus     Path = "Vehicle.Cabin.Seat.Row2.DriverSide.OccupancyStatus"      // UNKNOWN, OCCUPIED, EMPTY
	SeatRow2MiddleIsBelted            Path = "Vehicle.Cabin.Seat.Row2.Middle.IsBelted"                 // boolean
	SeatRow2MiddleOccupancyStatus     Path = "Vehicle.Cabin.Seat.Row2.Middle.OccupancyStatus"          // UNKNOWN, OCCUPIED, EMPTY
	SeatRow2PassengerIsBelted         Path = "Vehicle.Cabin.Seat.Row2.PassengerSide.IsBelted"          // boolean
	SeatRow2PassengerOccupancyStatus  Path = "Vehicle.Cabin.Seat.Row2.PassengerSide.OccupancyStatus"   // UNKNOWN, OCCUPIED, EMPTY
)

// Climate.
const (
	CabinTemperature                Path = "Vehicle.Cabin.HVAC.AmbientAirTemperature"                  // Celsius
	IsAirConditioningActive         Path = "Vehicle.Cabin.HVAC.IsAirConditioningActive"                // boolean; asked
	IsFrontDefrosterActive          Path = "Vehicle.Cabin.HVAC.IsFrontDefrosterActive"                 // boolean; asked
	IsRearDefrosterActive           Path = "Vehicle.Cabin.HVAC.IsRearDefrosterActive"                  // boolean; asked
	IsRecirculationActive           Path = "Vehicle.Cabin.HVAC.IsRecirculationActive"                  // boolean; asked
	ClimateDriverTemperature        Path = "Vehicle.Cabin.HVAC.Station.Row1.Driver.Temperature"        // Celsius; asked
	ClimateDriverFanSpeed           Path = "Vehicle.Cabin.HVAC.Station.Row1.Driver.FanSpeed"           // percent; asked
	ClimateDriverAirDistribution    Path = "Vehicle.Cabin.HVAC.Station.Row1.Driver.AirDistribution"    // UP, MIDDLE, DOWN; asked
	ClimatePassengerTemperature     Path = "Vehicle.Cabin.HVAC.Station.Row1.Passenger.Temperature"     // Celsius; asked
	ClimatePassengerFanSpeed        Path = "Vehicle.Cabin.HVAC.Station.Row1.Passenger.FanSpeed"        // percent; asked
	ClimatePassengerAirDistribution Path = "Vehicle.Cabin.HVAC.Station.Row1.Passenger.AirDistribution" // UP, MIDDLE, DOWN; asked
)

// Service.
const (
	ServiceDistanceToService Path = "Vehicle.Service.DistanceToService" // km
	ServiceIsServiceDue      Path = "Vehicle.Service.IsServiceDue"      // boolean
	ServiceTimeToService     Path = "Vehicle.Service.TimeToService"     // s
)

// Values of CurrentGear and SelectedGear.
const (
	GearReverse = -1  // and below: reverse gears
	GearNeutral = 0   // no gear
	GearDrive   = 1   // and up: forward gears; a car of one gear reports 1 for D
	GearPark    = 126 // VSS: park
)
